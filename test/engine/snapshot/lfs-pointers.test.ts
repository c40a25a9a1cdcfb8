import { execFileSync } from 'node:child_process'
import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import type { SnapshotProgress } from '../../../src/engine/snapshot/take-snapshot.ts'
import { GitFixture } from './git-fixture.ts'

let git: GitFixture
let notices: string[]
beforeEach(() => {
  git = new GitFixture()
  notices = []
  // A git that notes what it is asked, and no git-lfs beside it.
  const real = execFileSync('which', ['git'], { encoding: 'utf8' }).trim()
  git.write('bin/git', `#!/bin/sh\necho "$@" >>'${git.root}/asked'\nPATH=/usr/bin:/bin exec ${real} "$@"\n`, 0o755)
})
afterEach(async () => await git.remove())

const pointer = (size: number) =>
  `version https://git-lfs.github.com/spec/v1\noid sha256:${'ab'.repeat(32)}\nsize ${size}\n`
const attributes = '*.bin filter=lfs diff=lfs merge=lfs -text\n'

const note = (progress: SnapshotProgress) => progress.type === 'notice' && notices.push(progress.text)
const asked = () => readFileSync(join(git.root, 'asked'), 'utf8')

async function take() {
  const environment = { ...git.environment, PATH: `${join(git.root, 'bin')}:${process.env.PATH}` }
  return await git.take('r', { environment }, note)
}

describe('pointers of Git LFS in a snapshot', () => {
  test('are told once, with their names and how to get the contents', async () => {
    git.repository('r', {
      '.gitattributes': attributes,
      ...Object.fromEntries(['a', 'b', 'sub/c', 'd'].map((name, size) => [`${name}.bin`, pointer(size)])),
      'sub/other.txt': pointer(7),
    })
    const snapshot = await take()
    await snapshot.openSource({ depth: 0, recurseSubmodules: false })
    await snapshot.openSource({ depth: 1, recurseSubmodules: false })
    expect(notices).toEqual([
      'warning: 4 files are pointers of Git LFS (a.bin, b.bin, d.bin and 1 more): tasks see that, not the content. Git LFS is not installed here. Install git-lfs, then: git lfs install && git lfs pull',
    ])
  })

  test('are told with every snapshot, and copied as they are', async () => {
    git.repository('r', { '.gitattributes': attributes, 'a.bin': pointer(1) })
    for (let round = 1; round <= 3; round++) {
      expect(await git.files(await take())).toMatchObject({ 'a.bin': pointer(1) })
      expect(notices).toHaveLength(round)
    }
    expect(notices[0]).toContain('a.bin is a pointer of Git LFS')
  })

  test('cost no process where no file is one, nor where no attributes name Git LFS', async () => {
    git.repository('r', { '.gitattributes': '*.txt text\n', 'a.bin': pointer(1) })
    await git.files(await take())
    git.write('r/.gitattributes', attributes)
    git.write('r/a.bin', 'content')
    await git.files(await take())
    expect(notices).toEqual([])
    expect(asked()).not.toMatch(/check-attr|lfs version/)
  })

  test('become contents as soon as Git LFS can give them, which is asked once', async () => {
    git.repository('r', { '.gitattributes': attributes, 'a.bin': pointer(1), 'b.txt': 'b\n' })
    const filter = { clean: 'cat', smudge: 'git-lfs smudge', required: 'true' }
    for (const [key, value] of Object.entries(filter)) git.git('r', 'config', `filter.lfs.${key}`, value)
    expect(await git.files(await take())).toMatchObject({ 'a.bin': pointer(1), 'b.txt': 'b\n' })
    expect(notices).toEqual([expect.stringContaining('a.bin is a pointer of Git LFS')])
    git.write('lfs/git-lfs', '#!/bin/sh\ncat >/dev/null\necho $1 >>"${0%/*}/calls"\necho real\n', 0o755)
    const environment = { ...git.environment, PATH: `${join(git.root, 'lfs')}:${process.env.PATH}` }
    for (let round = 0; round < 5; round++) {
      expect(await git.files(await git.take('r', { environment }, note))).toMatchObject({ 'a.bin': 'real\n' })
    }
    expect(notices).toHaveLength(1)
    expect(readFileSync(join(git.root, 'lfs/calls'), 'utf8')).toBe('version\nsmudge\n')
  })

  test('that git cannot save without Git LFS say what to install', async () => {
    git.repository('r', { '.gitattributes': attributes, 'a.bin': pointer(1) })
    git.git('r', 'config', 'filter.lfs.clean', 'git-lfs clean')
    git.git('r', 'config', 'filter.lfs.required', 'true')
    git.write('r/a.bin', 'new content')
    await expect(take()).rejects.toMatchObject({ code: 'snapshotFailed', message: /Install git-lfs/ })
    expect(existsSync(join(git.root, 'asked'))).toBe(true)
  })
})

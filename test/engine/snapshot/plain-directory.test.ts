import { randomUUID } from 'node:crypto'
import { existsSync, readdirSync, realpathSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { findRepository } from '../../../src/engine/snapshot/find-repository.ts'
import { openPlainDirectory } from '../../../src/engine/snapshot/plain-directory.ts'
import { uuidOfPath } from '../../../src/engine/snapshot/repo-uuid.ts'
import { openTreeChange } from '../../../src/engine/snapshot/tree-change.ts'
import { GitFixture, readTar } from './git-fixture.ts'

let git: GitFixture
beforeEach(() => {
  git = new GitFixture()
})
afterEach(async () => await git.remove())

const withoutGit = { withoutGit: true }

describe('a directory without a git repository', () => {
  test('is taken as it is, with an id of its path, on branch local and without a commit', async () => {
    git.write('plain/a.txt', 'a\n')
    git.write('plain/sub/run.sh', '#!/bin/sh\n', 0o755)
    const snapshot = await git.take('plain', withoutGit)
    expect(snapshot).toMatchObject({
      commitSha: '',
      dirty: false,
      repoUuid: uuidOfPath(join(git.root, 'plain')),
      ref: { ref: 'refs/heads/local', branch: 'local' },
      remoteUrl: null,
      repositoryUrl: `file://${git.root}/plain`,
      topDirectory: join(git.root, 'plain'),
    })
    expect(await git.files(snapshot)).toEqual({ 'a.txt': 'a\n', 'sub/run.sh *': '#!/bin/sh\n' })
    expect((await snapshot.readFile('sub/run.sh'))?.toString()).toBe('#!/bin/sh\n')
  })

  test('has no .git in a task, and stays as it was', async () => {
    git.write('plain/a.txt', 'a\n')
    const checkout = await git.checkOut(await git.take('plain', withoutGit))
    expect(readdirSync(join(git.root, checkout))).toEqual(['a.txt'])
    expect(readdirSync(join(git.root, 'plain'))).toEqual(['a.txt'])
  })

  test('is taken without the directories of our own that lie in it', async () => {
    git.write('home/project.txt', 'p\n')
    const places = { stateDirectory: join(git.root, 'home/.state/x'), cacheDirectory: join(git.root, 'home/.cache/x') }
    git.write('home/.cache/x/caches/big.tar', 'big')
    for (let take = 0; take < 2; take++) {
      const snapshot = await git.take('home', { ...withoutGit, ...places })
      expect(await git.files(snapshot)).toEqual({ 'project.txt': 'p\n' })
      await snapshot.close()
    }
  })

  test('is taken with the files of the repositories inside, but for what they keep in .git', async () => {
    git.write('plain/a.txt', 'a\n')
    git.repository('plain/one', { 'one.txt': '1\n', '.gitignore': 'built\n' })
    git.write('plain/one/built', 'b\n')
    git.repository('plain/one/deep', { 'deep.txt': 'd\n' })
    git.repository('plain/unborn', {})
    git.write('plain/unborn/u.txt', 'u\n')
    git.repository('plain/nothing', {})
    const expected = {
      'a.txt': 'a\n',
      'one/.gitignore': 'built\n',
      'one/one.txt': '1\n',
      'one/deep/deep.txt': 'd\n',
      'unborn/u.txt': 'u\n',
    }
    expect(await git.files(await git.take('plain', withoutGit))).toEqual(expected)
    git.write('plain/one/deep/deep.txt', 'changed\n')
    git.write('plain/nothing/now.txt', 'n\n')
    const later = { ...expected, 'one/deep/deep.txt': 'changed\n', 'nothing/now.txt': 'n\n' }
    expect(await git.files(await git.take('plain', withoutGit))).toEqual(later)
    const ignored = { ...later, 'one/built': 'b\n' }
    expect(await git.files(await git.take('plain', { ...withoutGit, ignored: true }))).toEqual(ignored)
  })

  test('inside of a repository is taken alone', async () => {
    git.repository('r', { 'a.txt': 'a\n', 'sub/b.txt': 'b\n' })
    expect(await git.files(await git.take('r/sub', withoutGit))).toEqual({ 'b.txt': 'b\n' })
  })

  test('gives what changed between two snapshots, and its first one again later', async () => {
    git.write('plain/a.txt', 'a\n')
    git.write('plain/b.txt', 'b\n')
    const from = await git.take('plain', withoutGit)
    git.write('plain/a.txt', 'other\n')
    rmSync(join(git.root, 'plain/b.txt'))
    const to = await git.take('plain', withoutGit)
    const { stateDirectory, environment } = git
    const random = { uuid: randomUUID, fraction: () => 0 }
    const change = await openTreeChange({
      ...{ from, to, stateDirectory, environment, random },
      mtimeMs: 0,
      onNotice: () => undefined,
    })
    const names: string[] = []
    await readTar(change.stream(), (name) => void names.push(name))
    expect({ ...change, names }).toMatchObject({ names: ['a.txt'], added: 0, changed: 1, deleted: 1 })
    await change.close()
    expect(await git.files(await git.reopen(from.id))).toEqual({ 'a.txt': 'a\n', 'b.txt': 'b\n' })
  })

  test('can be opened by many at once, and leaves nothing of those that died meanwhile', async () => {
    git.write('plain/a.txt', 'a\n')
    const { stateDirectory, environment } = git
    const own = join(stateDirectory, 'repos', uuidOfPath(join(git.root, 'plain')))
    git.write(
      `${own.slice(git.root.length)}/git.${encodeURIComponent((await import('node:os')).hostname())}+999999999+x`,
      '',
    )
    const open = () =>
      openPlainDirectory({ directory: join(git.root, 'plain'), environment, stateDirectory, uniqueName: randomUUID() })
    const opened = await Promise.all(Array.from({ length: 8 }, open))
    expect(new Set(opened.map(({ gitDirectory }) => gitDirectory))).toEqual(new Set([join(own, 'git')]))
    expect(readdirSync(own)).toEqual(['git'])
  })
})

describe('what --no-git refuses', () => {
  test('the top of a repository, a file, and leaving out untracked files', async () => {
    git.repository('r')
    git.write('plain/a.txt', 'a\n')
    await expect(git.take('r', withoutGit)).rejects.toMatchObject({ code: 'flagConflict', message: /leave --no-git/ })
    await expect(git.take('plain/a.txt', withoutGit)).rejects.toMatchObject({ code: 'notAGitRepository' })
    await expect(git.take('plain', { ...withoutGit, untracked: false })).rejects.toMatchObject({
      code: 'flagConflict',
      message: expect.stringContaining('--no-untracked'),
    })
    expect(existsSync(join(git.stateDirectory, 'repos'))).toBe(false)
  })
})

describe('finding it again', () => {
  const topOf = async (directory: string) => {
    const found = await findRepository(join(git.root, directory), git)
    return { top: found.repository.topDirectory.slice(git.root.length + 1), isPlain: found.isPlain }
  }

  test('a directory that was run before is found from inside', async () => {
    git.write('plain/sub/a.txt', 'a\n')
    await expect(topOf('plain')).rejects.toMatchObject({ code: 'notAGitRepository', message: /start --no-git/ })
    await git.take('plain', withoutGit)
    expect(await topOf('plain/sub')).toEqual({ top: 'plain', isPlain: true })
    expect((await findRepository(join(git.root, 'plain'), git)).repository.localConfig.get('agola.repouuid')).toBe(
      uuidOfPath(realpathSync(join(git.root, 'plain'))),
    )
  })

  test('what is nearer wins, and a repository over what stood in for it', async () => {
    git.write('plain/x.txt', 'x\n')
    await git.take('plain', withoutGit)
    git.repository('plain/r')
    expect(await topOf('plain/r')).toEqual({ top: 'plain/r', isPlain: false })
    git.write('plain/r/sub/y.txt', 'y\n')
    await git.take('plain/r/sub', withoutGit)
    expect(await topOf('plain/r/sub')).toEqual({ top: 'plain/r/sub', isPlain: true })
    git.git('plain', 'init', '--quiet')
    expect(await topOf('plain')).toEqual({ top: 'plain', isPlain: false })
  })
})

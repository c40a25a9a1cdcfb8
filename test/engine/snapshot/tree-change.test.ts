import { chmodSync, rmSync, symlinkSync } from 'node:fs'
import { join } from 'node:path'
import { text } from 'node:stream/consumers'
import { extract } from 'tar-stream'
import { afterEach, beforeEach, expect, test } from 'vitest'
import type { TreeChange } from '../../../src/engine/ports/source-provider.ts'
import { openTreeChange } from '../../../src/engine/snapshot/tree-change.ts'
import { GitFixture } from './git-fixture.ts'

let git: GitFixture
beforeEach(() => {
  git = new GitFixture()
})
afterEach(async () => await git.remove())

/** What the edits lead to, with what its tar holds. */
async function changeBy(edit: () => void): Promise<TreeChange & { entries: Record<string, string> }> {
  const from = await git.take('r')
  edit()
  const to = await git.take('r')
  const { stateDirectory, environment } = git
  const random = { uuid: () => crypto.randomUUID(), fraction: () => 0.5 }
  const change = await openTreeChange({
    ...{ from, to, stateDirectory, environment, mtimeMs: 1_700_000_000_000, onNotice: () => undefined },
    random,
  })
  const entries: Record<string, string> = {}
  const tar = change.stream().pipe(extract())
  for await (const entry of tar) {
    const { name, mode = 0, linkname, mtime } = entry.header
    expect(mtime?.getTime()).toBe(1_700_000_000_000)
    entries[name] = linkname ? `-> ${linkname}` : `${mode.toString(8)} ${await text(entry)}`
    entry.resume()
  }
  await change.close()
  return { ...change, entries }
}

const files = {
  'a.txt': 'a\n',
  'gone/deep/b.txt': 'b\n',
  'gone/c.txt': 'c\n',
  'kept/d.txt': 'd\n',
  'kept/e.txt': 'e\n',
}

test('without an edit there is nothing to change', async () => {
  git.repository('r', files)
  const { added, changed, deleted, replacedPaths, entries } = await changeBy(() => undefined)
  expect({ added, changed, deleted, replacedPaths, entries }).toEqual({
    ...{ added: 0, changed: 0, deleted: 0, replacedPaths: [], entries: {} },
  })
})

test('added, changed and deleted files are told with what they hold, programs and links included', async () => {
  git.repository('r', files)
  const change = await changeBy(() => {
    git.write('r/a.txt', 'A\n')
    git.write('r/new/tool', '#!/bin/sh\n', 0o755)
    symlinkSync('../a.txt', join(git.root, 'r/new/link'))
    rmSync(join(git.root, 'r/gone'), { recursive: true })
    rmSync(join(git.root, 'r/kept/d.txt'))
  })
  expect(change).toMatchObject({ added: 2, changed: 1, deleted: 3 })
  expect(change.entries).toEqual({ 'a.txt': '644 A\n', 'new/tool': '755 #!/bin/sh\n', 'new/link': '-> ../a.txt' })
  expect(change.emptiedDirectories).toEqual(['gone/deep', 'gone', 'kept'])
  expect(change.replacedPaths.sort()).toEqual([
    ...['a.txt', 'gone/c.txt', 'gone/deep/b.txt', 'kept/d.txt', 'new/link', 'new/tool'],
  ])
})

test('a file may become a directory, a directory a file, and a mode is a change', async () => {
  git.repository('r', files)
  const change = await changeBy(() => {
    rmSync(join(git.root, 'r/a.txt'))
    git.write('r/a.txt/inner', 'x')
    rmSync(join(git.root, 'r/gone'), { recursive: true })
    git.write('r/gone', 'file')
    chmodSync(join(git.root, 'r/kept/d.txt'), 0o755)
  })
  expect(change.entries).toEqual({ 'a.txt/inner': '644 x', gone: '644 file', 'kept/d.txt': '755 d\n' })
  expect(change.replacedPaths).toContain('a.txt')
  expect(change.emptiedDirectories).toEqual(['gone/deep', 'gone'])
})

test('line endings are those of a checkout', async () => {
  git.repository('r', { ...files, '.gitattributes': '*.bat text eol=crlf\n' })
  const { entries } = await changeBy(() => git.write('r/run.bat', 'one\ntwo\n'))
  expect(entries).toEqual({ 'run.bat': '644 one\r\ntwo\r\n' })
})

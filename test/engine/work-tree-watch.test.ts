import { execFile } from 'node:child_process'
import { watch as watchByTheSystem } from 'node:fs'
import { mkdir, mkdtemp, rename, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { afterEach, beforeEach, expect, test } from 'vitest'
import type { WatchDirectory } from '../../src/engine/snapshot/directory-watches.ts'
import { WorkTreeWatch } from '../../src/engine/work-tree-watch.ts'

let root = ''
let tree = ''
let watch: WorkTreeWatch

const write = (path: string, text: string) => writeFile(join(tree, path), text)

const notices: string[] = []

async function open(ignored = false, watchDirectory?: WatchDirectory): Promise<void> {
  notices.length = 0
  const environment = {
    PATH: process.env.PATH,
    AGOLA_LOCAL_STATE_DIR: join(root, 'state'),
    AGOLA_LOCAL_CACHE_DIR: join(root, 'cache'),
  }
  watch = await WorkTreeWatch.open({
    ...{ directory: tree, environment, source: { untracked: true, ignored } },
    onNotice: (text) => notices.push(text),
    ...(watchDirectory && { watchDirectory }),
  })
}

beforeEach(async () => {
  root = await mkdtemp(join(tmpdir(), 'agola-watch-'))
  tree = join(root, 'tree')
  await mkdir(join(tree, 'src'), { recursive: true })
  await mkdir(join(tree, 'out'))
  await promisify(execFile)('git', ['init', '-q', '-b', 'main', tree])
  await write('.gitignore', 'out/\n*.log\n')
  await write('src/a.txt', 'one')
  await write('out/result', '1')
})

afterEach(async () => {
  watch.close()
  await rm(root, { recursive: true, force: true })
})

test('tells a changed, a new, a moved and a removed file', async () => {
  await open()
  await write('src/a.txt', 'two')
  expect(await watch.next()).toEqual(['src/a.txt'])
  await write('src/b.txt', 'new')
  expect(await watch.next()).toEqual(['src/b.txt'])
  await rename(join(tree, 'src/b.txt'), join(tree, 'src/c.txt'))
  expect(await watch.next()).toEqual(['src/b.txt', 'src/c.txt'])
  await rm(join(tree, 'src/c.txt'))
  expect(await watch.next()).toEqual(['src/c.txt'])
})

test('takes the save of an editor, aside and into place, for one change', async () => {
  await open()
  await write('src/.a.txt.swp', 'two')
  await rename(join(tree, 'src/.a.txt.swp'), join(tree, 'src/a.txt'))
  expect(await watch.next()).toEqual(['src/a.txt'])
})

test('sees into directories that are made later, and made again', async () => {
  await open()
  await mkdir(join(tree, 'lib/deep'), { recursive: true })
  const first = watch.next()
  await write('lib/deep/x', '1')
  expect(await first).toEqual(['lib/deep/x'])
  await rm(join(tree, 'lib'), { recursive: true })
  expect(await watch.next()).toEqual(['lib/deep/x'])
  await mkdir(join(tree, 'lib/deep'), { recursive: true })
  await write('lib/deep/x', '2')
  expect(await watch.next()).toEqual(['lib/deep/x'])
  await write('lib/deep/x', '3')
  expect(await watch.next()).toEqual(['lib/deep/x'])
})

test('is silent about ignored files and about a file that has the same content again', async () => {
  await open()
  expect(watch.directoryCount).toBe(2)
  await write('out/result', '2')
  await write('src/x.log', 'noise')
  await write('src/a.txt', 'one')
  const next = watch.next()
  await write('src/b.txt', 'new')
  expect(await next).toEqual(['src/b.txt'])
})

test('tells ignored files where they belong to the snapshot', async () => {
  await open(true)
  await write('out/result', '2')
  expect(await watch.next()).toEqual(['out/result'])
})

test('looks by itself where the system lets no more directories be watched, and watches again once it does', async () => {
  let room = 1
  await open(false, (path, options, listener) => {
    if (room === 0) throw Object.assign(new Error('no space left on device, watch'), { code: 'ENOSPC' })
    room -= 1
    return watchByTheSystem(path, options, listener)
  })
  expect(notices).toEqual([expect.stringMatching(/1 are\): raise its limit fs\.inotify\.max_user_watches .*every 2 s/)])
  expect(watch.directoryCount).toBe(0)
  await write('src/a.txt', 'two')
  expect(await watch.next()).toEqual(['src/a.txt'])
  expect(notices).toHaveLength(1)
  room = 100
  await write('src/a.txt', 'three')
  expect(await watch.next()).toEqual(['src/a.txt'])
  expect(watch.directoryCount).toBe(2)
  await write('src/a.txt', 'four')
  expect(await watch.next()).toEqual(['src/a.txt'])
})

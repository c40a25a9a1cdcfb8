import { execFileSync } from 'node:child_process'
import { mkdirSync } from 'node:fs'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test, vi } from 'vitest'
import { SqliteKeyValueStore } from '../../src/engine/adapters/kv/sqlite.ts'
import { systemClock as clock, systemRandom as random } from '../../src/engine/adapters/system.ts'
import { LocalStore } from '../../src/engine/local-store.ts'

let root: string
let environment: NodeJS.ProcessEnv

beforeEach(async () => {
  root = await mkdtemp(join(tmpdir(), 'agola-store-'))
  environment = {
    PATH: process.env.PATH,
    HOME: root,
    AGOLA_LOCAL_STATE_DIR: join(root, 'state'),
    AGOLA_LOCAL_CACHE_DIR: join(root, 'cache'),
    XDG_RUNTIME_DIR: join(root, 'run'),
  }
})
afterEach(() => rm(root, { recursive: true }))

async function aStore(directory: string): Promise<string> {
  await new SqliteKeyValueStore({ file: join(directory, 'store.sqlite'), clock, random }).close()
  return directory
}

test('the store of the repository around the directory is meant unless another one is named', async () => {
  const directory = join(root, 'repo')
  mkdirSync(directory)
  const git = (...args: string[]) => execFileSync('git', args, { cwd: directory, env: environment })
  git('init', '-q')
  git('config', 'agola.repouuid', 'u')
  const own = await aStore(join(root, 'state', 'repos', 'u'))
  await aStore(join(root, 'named'))
  for (const [store, expected] of [
    [undefined, own],
    ['../named', join(root, 'named')],
  ] as const) {
    const opened = await LocalStore.open({ directory, environment, store })
    expect(opened.directory).toBe(expected)
    await opened.close()
  }
})

test('a store that is not there is not made', async () => {
  const open = (store: string | undefined) => LocalStore.open({ directory: root, environment, store })
  await expect(open('nowhere')).rejects.toMatchObject({ code: 'storeUnusable' })
  await expect(open('nowhere')).rejects.toMatchObject({ message: expect.stringContaining('holds no store.sqlite') })
  await expect(open(undefined)).rejects.toMatchObject({ code: 'notAGitRepository' })
})

test('an export of one store can be taken by another, over their files', async () => {
  const [from, to] = [await aStore(join(root, 'from')), await aStore(join(root, 'to'))]
  const source = await LocalStore.open({ directory: root, environment, store: from })
  const target = await LocalStore.open({ directory: root, environment, store: to })
  await expect(target.import(source.export())).rejects.toMatchObject({ code: 'notInMaintenance' })
  await target.maintenance.enable()
  expect(await target.import(source.export())).toBe(0)
  await target.maintenance.disable()
  await Promise.all([source.close(), target.close()])
})

// The system writes as much as fits and says so by a number; what is missing must not pass for the end of the export.
test('an export that does not fit on the disk where it is kept meanwhile is no cut off one', async (context) => {
  if (process.getuid?.() !== 0) context.skip('needs root to mount')
  const store = await LocalStore.open({ directory: root, environment, store: await aStore(join(root, 'to')) })
  await store.maintenance.enable()
  const place = join(root, 'small')
  mkdirSync(place)
  execFileSync('mount', ['-t', 'tmpfs', '-o', 'size=64k', 'tmpfs', place])
  vi.stubEnv('TMPDIR', place)
  try {
    async function* large() {
      yield Buffer.alloc(100_000, ' ')
    }
    await expect(store.import(large())).rejects.toMatchObject({ code: 'diskFull' })
  } finally {
    vi.unstubAllEnvs()
    execFileSync('umount', [place])
    await store.close()
  }
})

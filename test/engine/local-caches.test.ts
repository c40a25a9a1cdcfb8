import { execFileSync } from 'node:child_process'
import { mkdirSync, realpathSync } from 'node:fs'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { openPosixObjectStorage } from '../../src/engine/adapters/objects/posix.ts'
import { systemClock as clock, systemRandom as random } from '../../src/engine/adapters/system.ts'
import { recordRepository } from '../../src/engine/local/repository-record.ts'
import { LocalCaches } from '../../src/engine/local-caches.ts'
import { openLocal } from '../../src/engine/open-local.ts'
import { repoUuidOf } from '../../src/engine/repository-id.ts'
import { Caches } from '../../src/engine/runservice/caches.ts'

let root: string
let directory: string
let environment: NodeJS.ProcessEnv
const otherUuid = '01234567-89ab-4cde-8f01-23456789abcd'

beforeEach(async () => {
  root = realpathSync(await mkdtemp(join(tmpdir(), 'agola-caches-')))
  directory = join(root, 'repo')
  environment = {
    PATH: process.env.PATH,
    HOME: root,
    AGOLA_LOCAL_STATE_DIR: join(root, 'state'),
    AGOLA_LOCAL_CACHE_DIR: join(root, 'cache'),
    XDG_RUNTIME_DIR: join(root, 'run'),
  }
  mkdirSync(directory)
  execFileSync('git', ['init', '-q'], { cwd: directory, env: environment })
  const { directories, identity } = await openLocal(directory, environment)
  await recordRepository(directories.state, { repoUuid: otherUuid, workTree: '/other', remoteUrl: null })
  const repoUuid = await repoUuidOf(directory, environment)
  const caches = new Caches(await openPosixObjectStorage({ directory: join(root, 'cache'), clock, random }))
  const [own, other] = [repoUuid, otherUuid].map((uuid) => `${identity.userId}-${uuid}`)
  for (const key of [`${own}-go-1`, `${own}-go-2`, `${own}-npm`, `${other}-go-1`, 'odd'])
    await caches.save(key, Buffer.alloc(5))
})
afterEach(() => rm(root, { recursive: true }))

const open = (all: boolean, from = directory) => LocalCaches.open({ directory: from, environment, all })
const names = async (all: boolean) => (await (await open(all)).list()).map(({ name, workTree }) => [name, workTree])

test('a repository sees its own caches by the names that its steps use', async () => {
  expect(await names(false)).toEqual([
    ['go-1', null],
    ['go-2', null],
    ['npm', null],
  ])
})

test('all caches are seen from anywhere, with where their repository is', async () => {
  const caches = await (await open(true, root)).list()
  expect(caches.map(({ name, workTree }) => [name, workTree])).toEqual(
    expect.arrayContaining([
      ['go-1', '/other'],
      ['npm', null],
      ['odd', null],
    ]),
  )
  expect(caches).toHaveLength(5)
  await expect(open(false, root)).rejects.toMatchObject({ code: 'notAGitRepository' })
})

test('caches are removed by key or by its beginning, in this repository only', async () => {
  const caches = await open(false)
  expect((await caches.remove(['go-1'], { prefix: false })).map(({ name }) => name)).toEqual(['go-1'])
  expect((await caches.remove(['go-', 'n'], { prefix: true })).map(({ name }) => name)).toEqual(['go-2', 'npm'])
  expect(await names(true)).toEqual(expect.arrayContaining([['go-1', '/other']]))
  expect(await names(true)).toHaveLength(2)
})

test('a key that does not exist is told before anything is removed', async () => {
  const caches = await open(false)
  await expect(caches.remove(['go-1', 'go-'], { prefix: false })).rejects.toMatchObject({ code: 'cacheDoesNotExist' })
  expect(await names(false)).toHaveLength(3)
})

test('pruning goes by all caches together', async () => {
  const caches = await open(false)
  expect(await caches.prune({}, { dryRun: false })).toEqual([])
  expect(await caches.prune({ bytesMax: 12 }, { dryRun: true })).toHaveLength(3)
  await caches.prune({ bytesMax: 12 }, { dryRun: false })
  expect(await names(true)).toHaveLength(2)
})

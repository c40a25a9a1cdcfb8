import { execFileSync } from 'node:child_process'
import { chmodSync, mkdirSync, truncateSync, writeFileSync } from 'node:fs'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { SqliteKeyValueStore } from '../../src/engine/adapters/kv/sqlite.ts'
import { systemClock as clock, systemRandom as random } from '../../src/engine/adapters/system.ts'
import type { LoadedConfig } from '../../src/engine/config/loaded-config.ts'
import { type Check, examine } from '../../src/engine/doctor.ts'
import { checkClock, checkNode, checkSpace } from '../../src/engine/doctor-machine.ts'
import { AgolaError } from '../../src/engine/model/errors.ts'

let root: string
let directory: string
let environment: NodeJS.ProcessEnv
const noConfig = () => Promise.reject(new AgolaError('configNotFound', 'config.yml leads to nothing'))

beforeEach(async () => {
  root = await mkdtemp(join(tmpdir(), 'agola-doctor-'))
  directory = join(root, 'repo')
  environment = {
    PATH: process.env.PATH,
    HOME: root,
    AGOLA_LOCAL_STATE_DIR: join(root, 'state'),
    AGOLA_LOCAL_CACHE_DIR: join(root, 'cache'),
    XDG_RUNTIME_DIR: join(root, 'run'),
    DOCKER_HOST: `unix://${join(root, 'no.sock')}`,
  }
  mkdirSync(directory)
  git('init', '-q', '-b', 'main')
})
afterEach(() => rm(root, { recursive: true }))

function git(...args: string[]): void {
  execFileSync('git', args, { cwd: directory, env: environment, stdio: 'ignore' })
}

async function checks(loadConfig: () => Promise<LoadedConfig> = noConfig): Promise<Map<string, Check>> {
  const found: Check[] = []
  for await (const check of examine({ directory, environment, loadConfig })) found.push(check)
  return new Map(found.map((check) => [check.name, check]))
}

function loaded(given: Partial<LoadedConfig>): () => Promise<LoadedConfig> {
  const config = { runs: [], dockerRegistriesAuth: {}, taskTimeoutIntervalMs: null }
  const none = { file: '.agola/config.yml', config, problems: [], moreProblems: 0, moreErrors: 0, value: {}, texts: {} }
  return async () => ({ ...none, ...given })
}

test('what is well is said to be well, and what is missing comes with the way out', async () => {
  const found = await checks()
  expect([...found.values()].filter(({ status }) => status !== 'ok')).toEqual([
    expect.objectContaining({ name: 'config', status: 'warn', found: 'config.yml leads to nothing' }),
    expect.objectContaining({
      name: 'container engine',
      status: 'fail',
      found: expect.stringContaining('DOCKER_HOST at unix://'),
      hint: 'start Docker or Podman, set DOCKER_HOST, or run with --driver host',
    }),
  ])
  expect(found.get('repository')?.found).toBe(`${directory}, branch main without a commit yet`)
  expect(found.get('store')?.found).toBe('no run was made here yet')
})

test('without git or outside a repository the rest is still looked at', async () => {
  directory = root
  expect((await checks()).get('repository')).toMatchObject({ status: 'fail' })
  environment.PATH = join(root, 'empty')
  const found = await checks()
  expect(found.get('git')).toMatchObject({ status: 'fail', hint: expect.stringContaining('install git') })
  expect(found.has('disk of the state')).toBe(true)
})

test('mistakes and warnings of the config are told', async () => {
  const problem = { severity: 'error' as const } as LoadedConfig['problems'][number]
  expect((await checks(loaded({}))).get('config')).toMatchObject({ status: 'ok' })
  expect((await checks(loaded({ moreProblems: 2 }))).get('config')).toMatchObject({ status: 'warn' })
  expect((await checks(loaded({ config: null, problems: [problem] }))).get('config')).toMatchObject({
    status: 'fail',
    hint: expect.stringContaining('agola config validate'),
  })
})

test('directories and files that others can read are told, with the command that mends them', async () => {
  await checks()
  chmodSync(join(root, 'state'), 0o755)
  chmodSync(join(root, 'state', 'identity.json'), 0o644)
  const found = await checks()
  expect(found.get('state directory')).toMatchObject({ status: 'warn', hint: `chmod 700 ${join(root, 'state')}` })
  expect(found.get('identity')).toMatchObject({ status: 'warn' })
})

test('a directory that cannot be used is a failure', async () => {
  writeFileSync(join(root, 'file'), '')
  environment.AGOLA_LOCAL_CACHE_DIR = join(root, 'file')
  expect((await checks()).get('cache directory')).toMatchObject({
    status: 'fail',
    hint: expect.stringContaining('AGOLA_LOCAL_CACHE_DIR'),
  })
})

test('a store is read through: sound, damaged or none at all', async () => {
  git('config', 'agola.repouuid', 'u')
  const file = join(root, 'state', 'repos', 'u', 'store.sqlite')
  const kv = new SqliteKeyValueStore({ file, clock, random })
  for (let n = 0; n < 300; n++) await kv.txn({ then: [{ type: 'put', key: `k${n}`, value: Buffer.alloc(1000, n) }] })
  await kv.close()
  expect((await checks()).get('store')).toMatchObject({ status: 'ok', found: `${file} is sound` })
  truncateSync(file, 40_000)
  expect((await checks()).get('store')).toMatchObject({ status: 'fail' })
  writeFileSync(file, 'no database'.repeat(100))
  expect((await checks()).get('store')).toMatchObject({
    status: 'fail',
    hint: expect.stringContaining('move this one file away'),
  })
})

test('what dead processes left is told', async () => {
  await checks()
  const executor = join(root, 'state', 'executors', 'dead')
  mkdirSync(executor, { recursive: true })
  const nobody = { hostname: '', bootId: '', pid: 0, startTime: '' }
  const { executorGroupId: groupId } = await identity()
  const lease = { executorId: 'dead', groupId, process: nobody, engineEndpoint: '', acquiredAt: 1, renewedAt: 1 }
  writeFileSync(join(executor, 'lease.json'), JSON.stringify({ ...lease, socketPath: '', repoUuid: '', runs: [] }))
  expect((await checks()).get('leftovers')).toMatchObject({
    status: 'warn',
    found: 'of processes that died: 1 process data',
    hint: 'agola clean removes them',
  })
})

async function identity() {
  const { loadIdentity } = await import('../../src/engine/local/identity.ts')
  return await loadIdentity(join(root, 'state'), random)
}

test('versions, room and clocks are judged by their limits', () => {
  expect([checkNode('24.0.0').status, checkNode('22.9.1').status]).toEqual(['ok', 'fail'])
  expect([5e9, 1e9, 1e8].map((bytes) => checkSpace('disk', bytes, 'free some').status)).toEqual(['ok', 'warn', 'fail'])
  const now = Date.UTC(2026, 5, 1)
  expect(checkClock(now, null).status).toBe('ok')
  expect(checkClock(now, now + 4000).status).toBe('ok')
  expect(checkClock(now, now - 60_000)).toMatchObject({ status: 'warn', found: expect.stringContaining('60 s behind') })
  expect(checkClock(Date.UTC(1970, 0, 1), null).status).toBe('fail')
})

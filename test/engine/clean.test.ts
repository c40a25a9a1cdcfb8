import { execFileSync } from 'node:child_process'
import { existsSync, mkdirSync, readdirSync, utimesSync, writeFileSync } from 'node:fs'
import { mkdtemp, rm } from 'node:fs/promises'
import { hostname, tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { SqliteKeyValueStore } from '../../src/engine/adapters/kv/sqlite.ts'
import { openPosixObjectStorage } from '../../src/engine/adapters/objects/posix.ts'
import { systemClock as clock, systemRandom as random } from '../../src/engine/adapters/system.ts'
import { clean, cleanDaily } from '../../src/engine/clean.ts'
import { newRun } from '../../src/engine/decide/new-run.ts'
import { tryFileLock } from '../../src/engine/local/file-lock.ts'
import { readProcessFacts } from '../../src/engine/local/process-facts.ts'
import { openLocal } from '../../src/engine/open-local.ts'
import { DataRunArchive } from '../../src/engine/runservice/data-run-archive.ts'
import { snapshotAnnotation } from '../../src/engine/snapshot-annotation.ts'
import { aRunConfig } from '../support/a-run-config.ts'
import { silentLog } from '../support/a-run-service.ts'

const dayMs = 24 * 60 * 60 * 1000
let root: string
let state: string
let environment: NodeJS.ProcessEnv
const nothingMore = { dryRun: false, caches: false, tools: false, refs: false }

beforeEach(async () => {
  root = await mkdtemp(join(tmpdir(), 'agola-clean-'))
  state = join(root, 'state')
  environment = {
    PATH: process.env.PATH,
    HOME: root,
    AGOLA_LOCAL_STATE_DIR: state,
    AGOLA_LOCAL_CACHE_DIR: join(root, 'cache'),
    XDG_RUNTIME_DIR: join(root, 'run'),
    DOCKER_HOST: `unix://${join(root, 'no.sock')}`,
  }
})
afterEach(() => rm(root, { recursive: true }))

async function cleaned(more: Partial<typeof nothingMore> = {}) {
  const report = await clean({ ...nothingMore, ...more, directory: root, environment })
  return Object.fromEntries(report.kinds.map(({ kind, count }) => [kind, count]))
}

/** A store with runs that ended so many days ago, each with a log and started from the snapshot of its number. */
async function aRepository(agesDays: number[], repoUuid = 'repo-1'): Promise<void> {
  const base = join(state, 'repos', repoUuid)
  const objects = await openPosixObjectStorage({ directory: join(base, 'objects'), clock, random })
  const kv = new SqliteKeyValueStore({ file: join(base, 'store.sqlite'), clock, random })
  const archive = await DataRunArchive.open({ kv, objects, clock, random, log: silentLog })
  for (const [index, ageDays] of agesDays.entries()) {
    const counter = index + 1
    const config = { ...aRunConfig([{ name: `t${counter}` }]), id: `c${counter}` }
    const endTime = clock.now() - ageDays * dayMs
    const made = newRun(config, { runId: `r${counter}`, runConfigId: config.id, counter, sequence: counter }, endTime)
    await archive.putRunConfig(config)
    const annotations = { [snapshotAnnotation]: `key/g${counter}/${'a'.repeat(40)}` }
    await archive.putRun({ ...made, phase: 'finished', result: 'success', endTime, archived: true, annotations })
    await objects.put(`logs/t${counter}/data/setup.log`, Buffer.alloc(1000))
    await objects.put(`logs/t${counter}/runs/r${counter}`, Buffer.of())
  }
  await kv.close()
}

function aSnapshot(generation: string, usedDaysAgo: number): string {
  const directory = join(state, 'snapshots', 'key', generation)
  mkdirSync(directory, { recursive: true })
  const used = (Date.now() - usedDaysAgo * dayMs) / 1000
  writeFileSync(join(directory, 'used'), '')
  utimesSync(join(directory, 'used'), used, used)
  return directory
}

async function anExecutor(executorId: string, more: { startTime?: string } = {}): Promise<string> {
  const { identity, directories } = await openLocal(root, environment)
  const socketPath = join(directories.sockets, executorId)
  writeFileSync(socketPath, '')
  const facts = await readProcessFacts(process.pid)
  if (facts === null) throw new Error('no such process')
  const now = clock.now()
  const directory = join(state, 'executors', executorId)
  const times = { acquiredAt: now, renewedAt: now }
  const process_ = { ...facts, hostname: hostname(), ...more }
  const lease = { executorId, groupId: identity.executorGroupId, process: process_, ...times, engineEndpoint: '' }
  mkdirSync(directory, { recursive: true })
  writeFileSync(join(directory, 'lease.json'), JSON.stringify({ ...lease, socketPath, repoUuid: '', runs: [] }))
  writeFileSync(join(state, 'executors', executorId, 'left'), 'x'.repeat(100))
  return executorId
}

describe('clean', () => {
  it('removes runs beyond the last fifty that are older than thirty days, and the snapshots that only they used', async () => {
    await aRepository([...Array.from({ length: 5 }, () => 40), ...Array.from({ length: 50 }, () => 35)])
    const [gone, kept, newest] = [aSnapshot('g1', 40), aSnapshot('g20', 40), aSnapshot('g60', 1)]
    expect(await cleaned({ dryRun: true })).toMatchObject({ runs: 5 })
    expect(await cleaned()).toEqual({ runs: 5, snapshots: 1 })
    expect([gone, kept, newest].map((path) => existsSync(path))).toEqual([false, true, true])
    expect(readdirSync(join(state, 'repos/repo-1/objects/data/logs'))).toHaveLength(50)
    expect(await cleaned()).toEqual({})
  })

  it('says how much space that was', async () => {
    await aRepository([40, ...Array.from({ length: 50 }, () => 1)])
    const report = await clean({ ...nothingMore, directory: root, environment })
    expect(report.kinds).toEqual([{ kind: 'runs', count: 1, sizeBytes: 1000 }])
  })

  it('removes what dead processes left, and nothing of living ones or of one that is just starting', async () => {
    await anExecutor('living')
    await anExecutor('dead', { startTime: '1' })
    mkdirSync(join(state, 'executors', 'starting'))
    expect(await cleaned({ dryRun: true })).toEqual({ 'process data': 1 })
    expect(await cleaned()).toEqual({ 'process data': 1 })
    expect(readdirSync(join(state, 'executors')).sort()).toEqual(['living', 'starting'])
    expect(readdirSync((await openLocal(root, environment)).directories.sockets)).toEqual(['living'])
  })

  it('removes host pods of dead processes', async () => {
    const { identity } = await openLocal(root, environment)
    for (const executorId of [await anExecutor('living'), await anExecutor('dead', { startTime: '1' })]) {
      const record = { podId: `pod-of-${executorId}`, executorsGroupId: identity.executorGroupId, executorId }
      mkdirSync(join(state, 'pods', executorId), { recursive: true })
      const text = JSON.stringify({ ...record, taskId: '', labels: {}, keepUntil: null })
      writeFileSync(join(state, 'pods', executorId, 'pod.json'), text)
    }
    expect(await cleaned()).toMatchObject({ pods: 1 })
    expect(readdirSync(join(state, 'pods'))).toEqual(['living'])
  })

  it('says what it could not look at, and spares what may be needed there', async () => {
    mkdirSync(join(state, 'repos/broken'), { recursive: true })
    writeFileSync(
      join(state, 'repos/broken/store.sqlite'),
      'this is no database, however long one looks at it'.repeat(20),
    )
    await anExecutor('dead', { startTime: '1' })
    const report = await clean({ ...nothingMore, directory: root, environment })
    expect(report.notes).toEqual([
      expect.stringMatching(/^the runs of repository broken cannot be cleaned: /),
      expect.stringMatching(/^no container engine answers/),
    ])
    expect(existsSync(join(state, 'executors/dead'))).toBe(true)
  })

  it('removes all caches when asked', async () => {
    const objects = await openPosixObjectStorage({ directory: join(root, 'cache'), clock, random })
    for (const key of ['g-1', 'g-2']) await objects.put(`caches/${key}.tar`, Buffer.alloc(10))
    expect(await cleaned()).toEqual({})
    expect(await cleaned({ caches: true })).toEqual({ caches: 2 })
  })

  it('removes old refs of saved work trees when asked, in a repository only', async () => {
    await expect(cleaned({ refs: true })).rejects.toMatchObject({ code: 'notAGitRepository' })
    const git = (env: Record<string, string>, ...args: string[]) =>
      execFileSync('git', ['-c', 'user.name=a', '-c', 'user.email=a@b', ...args], {
        cwd: root,
        env: { ...environment, ...env },
        encoding: 'utf8',
        stdio: ['ignore', 'pipe', 'ignore'],
      }).trim()
    git({}, 'init', '-q')
    const tree = git({}, 'write-tree')
    const old = git({ GIT_COMMITTER_DATE: '2020-01-01T00:00:00Z' }, 'commit-tree', '-m', 'old', tree)
    const young = git({}, 'commit-tree', '-m', 'young', tree)
    for (const name of ['refs/gitsave/a', 'refs/gitsave/b', 'refs/heads/old']) git({}, 'update-ref', name, old)
    git({}, 'update-ref', 'refs/gitsave/young', young)
    expect(await cleaned()).toEqual({})
    expect(await cleaned({ refs: true, dryRun: true })).toEqual({ 'git refs': 2 })
    expect(await cleaned({ refs: true })).toEqual({ 'git refs': 2 })
    const left = git({}, 'for-each-ref', '--format=%(refname)').split('\n')
    expect(left).toEqual(['refs/gitsave/young', 'refs/heads/old'])
  })

  it('waits for nobody: while another process cleans it says so', async () => {
    await openLocal(root, environment)
    const lock = await tryFileLock(join(state, 'cleaning.lock'), 'x', clock.now())
    await expect(cleaned()).rejects.toMatchObject({ code: 'notReady' })
    await lock?.release()
    expect(await cleaned()).toEqual({})
  })
})

describe('the daily cleaning', () => {
  const daily = async () => (await cleanDaily({ directory: root, environment }))?.kinds.map(({ kind }) => kind) ?? null
  const pass = (ms: number) => {
    const time = (Date.now() - ms) / 1000
    utimesSync(join(state, 'last-cleaning'), time, time)
  }
  const aDayPasses = () => pass(1.1 * dayMs)

  it('happens once a day, from the second day on', async () => {
    await aRepository([40, ...Array.from({ length: 50 }, () => 1)])
    expect(await daily()).toBeNull()
    aDayPasses()
    expect(await daily()).toEqual(['runs'])
    expect(await daily()).toBeNull()
    aDayPasses()
    expect(await daily()).toEqual([])
  })

  it('removes nothing with a clock that jumped ahead, until that has shown its time for an hour', async () => {
    await aRepository([40, ...Array.from({ length: 50 }, () => 1)])
    await daily()
    pass(30 * dayMs)
    expect(await daily()).toBeNull()
    pass(0.02 * dayMs)
    expect(await daily()).toBeNull()
    pass(0.1 * dayMs)
    expect(await daily()).toEqual(['runs'])
    aDayPasses()
    expect(await daily()).toEqual([])
  })

  it('goes on when the clock was put back', async () => {
    await daily()
    const future = Date.now() / 1000 + 1_000_000
    utimesSync(join(state, 'last-cleaning'), future, future)
    expect(await daily()).toEqual([])
  })

  it('leaves the work to the process that is at it', async () => {
    await daily()
    aDayPasses()
    const lock = await tryFileLock(join(state, 'cleaning.lock'), 'x', clock.now())
    expect(await daily()).toBeNull()
    await lock?.release()
  })

  it('prunes caches that nobody uses, and keeps the others', async () => {
    const objects = await openPosixObjectStorage({ directory: join(root, 'cache'), clock, random })
    for (const key of ['g-old', 'g-new']) await objects.put(`caches/${key}.tar`, Buffer.alloc(10))
    const old = (Date.now() - 15 * dayMs) / 1000
    utimesSync(join(root, 'cache/data/caches/g-old.tar'), old, old)
    await daily()
    aDayPasses()
    expect(await daily()).toEqual(['caches'])
    expect(readdirSync(join(root, 'cache/data/caches'))).toEqual(['g-new.tar'])
  })
})

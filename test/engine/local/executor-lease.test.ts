import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { watch } from 'node:fs'
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { createServer } from 'node:net'
import { hostname, tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import {
  type ExecutorLease,
  isLeaseAlive,
  type LivenessFacts,
  leaseStaleMs,
  machineLivenessFacts,
  readLeases,
  removeLease,
  writeLease,
} from '../../../src/engine/local/executor-lease.ts'
import { readProcessFacts } from '../../../src/engine/local/process-facts.ts'

const now = 1_000_000
const owner = { hostname: 'here', bootId: 'boot', pid: 42, startTime: '777' }
const lease: ExecutorLease = {
  executorId: 'e1',
  groupId: 'g',
  process: owner,
  engineEndpoint: 'unix:///var/run/docker.sock',
  acquiredAt: now,
  renewedAt: now,
  socketPath: '/run/s',
  repoUuid: 'u',
}
const facts = (more: Partial<LivenessFacts>): LivenessFacts => ({
  now,
  hostname: 'here',
  processOf: async () => owner,
  answers: async () => false,
  ...more,
})

let root: string
beforeEach(async () => {
  root = await mkdtemp(join(tmpdir(), 'agola-lease-'))
})
afterEach(async () => await rm(root, { recursive: true }))

test('a lease is written, renewed, read by its group and removed', async () => {
  await writeLease(root, lease)
  await writeLease(root, { ...lease, renewedAt: now + 5 })
  await writeLease(root, { ...lease, executorId: 'e2', groupId: 'other' })
  expect(await readLeases(root, 'g')).toEqual([{ ...lease, renewedAt: now + 5 }])
  await removeLease(root, 'e1')
  expect(await readLeases(root, 'g')).toEqual([])
})

test('the lease is the last that goes, so that a death amid the removal leaves something that has an owner', async () => {
  await writeLease(root, lease)
  const directory = join(root, 'executors', 'e1')
  for (const task of ['a', 'b', 'c']) {
    await mkdir(join(directory, 'tasks', task, 'logs'), { recursive: true })
    await writeFile(join(directory, 'tasks', task, 'logs', '0.log'), 'x')
  }
  const gone: (string | null)[] = []
  const watcher = watch(directory, (_, name) => gone.push(name))
  const over = new Promise((resolve) => watcher.on('change', (_, name) => name === 'lease.json' && resolve(null)))
  await removeLease(root, 'e1')
  await over
  watcher.close()
  expect(gone.slice(0, 2)).toEqual(['tasks', 'lease.json'])
})

test('a damaged lease is one that nobody holds', async () => {
  await mkdir(join(root, 'executors', 'torn'), { recursive: true })
  await writeFile(join(root, 'executors', 'torn', 'lease.json'), '{"pid":')
  await mkdir(join(root, 'executors', 'empty'))
  const leases = await readLeases(root, 'g')
  expect(leases.map((each) => each.executorId)).toEqual(['empty', 'torn'])
  for (const each of leases) expect(await isLeaseAlive(each, facts({}))).toBe(false)
})

test('an answering socket proves life, however old the lease is: the machine may have slept', async () => {
  const asleep = { ...lease, renewedAt: now - 10 * leaseStaleMs }
  expect(await isLeaseAlive(asleep, facts({ answers: async () => true, processOf: async () => null }))).toBe(true)
})

test('without a socket the same process proves life, however old the lease is', async () => {
  expect(await isLeaseAlive(lease, facts({}))).toBe(true)
  expect(await isLeaseAlive(lease, facts({ now: now + leaseStaleMs }))).toBe(true)
  expect(await isLeaseAlive(lease, facts({ processOf: async () => null }))).toBe(false)
})

test('a pid that belongs to another process by now, or to another boot, proves nothing', async () => {
  expect(await isLeaseAlive(lease, facts({ processOf: async () => ({ ...owner, startTime: '778' }) }))).toBe(false)
  expect(await isLeaseAlive(lease, facts({ processOf: async () => ({ ...owner, bootId: 'next' }) }))).toBe(false)
})

test('of another machine only the age of the lease is known', async () => {
  const there = { ...lease, process: { ...owner, hostname: 'there' } }
  const unreachable = { answers: async () => true, processOf: async () => owner }
  expect(await isLeaseAlive(there, facts({ ...unreachable, now: now + leaseStaleMs - 1 }))).toBe(true)
  expect(await isLeaseAlive(there, facts({ ...unreachable, now: now + leaseStaleMs }))).toBe(false)
})

test('a clock that jumped back does not bring a dead process to life', async () => {
  const future = { ...lease, renewedAt: now + 3_600_000 }
  expect(await isLeaseAlive(future, facts({ processOf: async () => null }))).toBe(false)
})

test('real processes are known by pid and start time, and are gone when they ended', async () => {
  const child = spawn('sleep', ['60'])
  await once(child, 'spawn')
  const found = await readProcessFacts(child.pid ?? 0)
  expect(found).toMatchObject({ hostname: hostname(), pid: child.pid })
  expect(await readProcessFacts(child.pid ?? 0)).toEqual(found)
  child.kill('SIGKILL')
  await once(child, 'close')
  expect(await readProcessFacts(child.pid ?? 0)).toBeNull()
  expect((await readProcessFacts(process.pid))?.startTime).not.toBe(found?.startTime)
})

test('real sockets answer while somebody listens', async () => {
  const socketPath = join(root, 's')
  const server = createServer().listen(socketPath)
  await once(server, 'listening')
  const self = await readProcessFacts(process.pid)
  const mine = { ...lease, process: { ...(self ?? owner), pid: 0 }, socketPath }
  expect(await isLeaseAlive(mine, machineLivenessFacts(now, hostname()))).toBe(true)
  server.close()
  await once(server, 'close')
  expect(await isLeaseAlive(mine, machineLivenessFacts(now, hostname()))).toBe(false)
})

import { spawnSync } from 'node:child_process'
import { mkdir, mkdtemp, readdir, rm, utimes, writeFile } from 'node:fs/promises'
import { hostname, tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { systemClock } from '../../../src/engine/adapters/system.ts'
import { type ExecutorLease, writeLease } from '../../../src/engine/local/executor-lease.ts'
import {
  deadExecutors,
  LocalExecutorLease,
  liveExecutors,
  removeDeadExecutors,
} from '../../../src/engine/local/local-executor-lease.ts'

let root: string
beforeEach(async () => {
  root = await mkdtemp(join(tmpdir(), 'agola-lease-'))
})
afterEach(async () => await rm(root, { recursive: true }))

const group = () => ({ stateDirectory: root, groupId: 'g', clock: systemClock })
const acquire = (executorId: string, onTrouble?: (error: unknown) => void) =>
  LocalExecutorLease.acquire({
    ...group(),
    executorId,
    repoUuid: 'here',
    engineEndpoint: '',
    socketPath: '',
    ...(onTrouble === undefined ? {} : { onTrouble }),
  })

async function writeDead(executorId: string, repoUuid: string): Promise<void> {
  const now = systemClock.now()
  const process = { hostname: hostname(), bootId: 'before', pid: 1, startTime: '1' }
  const socketPath = join(root, `${executorId}.sock`)
  const times = { acquiredAt: now, renewedAt: now }
  const lease: ExecutorLease = { executorId, groupId: 'g', process, engineEndpoint: '', ...times, socketPath, repoUuid }
  await writeLease(root, lease)
  await writeFile(socketPath, '')
}

test('a process is alive until it gives its lease back', async () => {
  const lease = await acquire('e1')
  expect(await liveExecutors(group())).toEqual(['e1'])
  expect(await deadExecutors(group())).toEqual([])
  await lease.release()
  expect(await liveExecutors(group())).toEqual([])
  expect(await readdir(join(root, 'executors'))).toEqual([])
})

test('what an executor wrote stays when its lease is only abandoned', async () => {
  const lease = await acquire('e1')
  await mkdir(join(root, 'executors', 'e1', 'tasks'))
  await lease.abandon()
  expect(await readdir(join(root, 'executors', 'e1'))).toEqual(['lease.json', 'tasks'])
})

test('dead executors of a repository are removed with their sockets, but for those in use and of others', async () => {
  const lease = await acquire('alive')
  for (const id of ['dead', 'wanted']) await writeDead(id, 'here')
  await writeDead('elsewhere', 'there')
  expect(await deadExecutors(group())).toEqual(['dead', 'elsewhere', 'wanted'])
  await removeDeadExecutors({ ...group(), repoUuid: 'here', inUse: new Set(['wanted']) })
  expect((await readdir(join(root, 'executors'))).sort()).toEqual(['alive', 'elsewhere', 'wanted'])
  expect((await readdir(root)).filter((name) => name.endsWith('.sock')).sort()).toEqual([
    'elsewhere.sock',
    'wanted.sock',
  ])
  await lease.release()
})

test("what a process that died while it made its lease left is removed at once, and is nobody's lease meanwhile", async () => {
  const nameOf = (pid: number | undefined) => `${encodeURIComponent(hostname())}+${pid}+e1`
  const [dead, alive] = [nameOf(spawnSync('true').pid), nameOf(process.pid)]
  for (const name of [dead, alive]) await mkdir(join(root, 'executors', name), { recursive: true })
  await writeFile(join(root, 'executors', dead, 'lease.json'), '{"exec')
  for (const name of [dead, alive]) await utimes(join(root, 'executors', name), 1, 1)
  expect(await liveExecutors(group())).toEqual([])
  expect(await deadExecutors(group())).toEqual([])
  await removeDeadExecutors({ ...group(), repoUuid: 'here', inUse: new Set() })
  expect(await readdir(join(root, 'executors'))).toEqual([alive])
})

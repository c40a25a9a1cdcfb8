import { readdir, readFile, rename, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import type { ExecutorId, TimeMs } from '../model/ids.ts'
import { makeDirectory } from '../std/make-directory.ts'
import { isOfDeadProcess, isProcessOwned, processOwnedName } from '../std/process-owned-name.ts'
import { connectionState } from './connection-state.ts'
import { isSameProcess, type ProcessFacts, readProcessFacts } from './process-facts.ts'

/** Says that a local process and its containers are in use (spec/local-runs.md 10). */
export interface ExecutorLease {
  executorId: ExecutorId
  groupId: string
  process: ProcessFacts
  /** Of the container engine: executors of one group but of different engines do not sweep each other's containers. */
  engineEndpoint: string
  acquiredAt: TimeMs
  renewedAt: TimeMs
  /** Path of its control socket; '' without one. */
  socketPath: string
  /** Of the repository whose runs it runs; '' where that was not told. */
  repoUuid: string
}

export const leaseRenewMs = 5_000
export const leaseStaleMs = 60_000
const leaseFile = 'lease.json'

/** Stores the first lease of an executor. Its directory comes into being with it: what a death meanwhile leaves tells whose it was. */
export async function createLease(stateDirectory: string, lease: ExecutorLease): Promise<void> {
  const making = join(executorsDirectory(stateDirectory), processOwnedName(lease.executorId))
  await makeDirectory(making, { mode: 0o700 })
  await writeFile(join(making, leaseFile), `${JSON.stringify(lease)}\n`, { mode: 0o600 })
  await rename(making, leaseDirectory(stateDirectory, lease.executorId))
}

/** Paths of what dead processes left of a `createLease`. */
export async function findUnfinishedLeases(stateDirectory: string): Promise<string[]> {
  const directory = executorsDirectory(stateDirectory)
  const names = await readdir(directory).catch(() => [])
  return names.filter(isOfDeadProcess).map((name) => join(directory, name))
}

/** Renews a lease: a reader sees the old one or the new one, never half of it. */
export async function writeLease(stateDirectory: string, lease: ExecutorLease): Promise<void> {
  const directory = leaseDirectory(stateDirectory, lease.executorId)
  await makeDirectory(directory, { mode: 0o700 })
  const temporary = join(directory, `lease.json.${process.pid}`)
  await writeFile(temporary, `${JSON.stringify(lease)}\n`, { mode: 0o600 })
  await rename(temporary, join(directory, leaseFile))
}

/** Removes the lease with everything beside it. The lease itself goes last: a process that dies amid this leaves something of which
 *  it can still be told whose it was. */
export async function removeLease(stateDirectory: string, executorId: ExecutorId): Promise<void> {
  const directory = leaseDirectory(stateDirectory, executorId)
  const names = await readdir(directory).catch(() => [])
  const others = names.filter((name) => name !== leaseFile)
  await Promise.all(others.map((name) => rm(join(directory, name), { recursive: true, force: true })))
  await rm(directory, { recursive: true, force: true })
}

/** All leases of a group. A damaged one, or a directory whose process died before it wrote any, comes as a lease that nobody
 *  holds, so that it is swept like any other. */
export async function readLeases(stateDirectory: string, groupId: string): Promise<ExecutorLease[]> {
  const names = await readdir(executorsDirectory(stateDirectory)).catch(() => [])
  const leases: ExecutorLease[] = []
  for (const executorId of names.filter((name) => !isProcessOwned(name)).sort()) {
    const text = await readFile(join(leaseDirectory(stateDirectory, executorId), leaseFile), 'utf8').catch(() => '')
    const lease = parseLease(text) ?? abandonedLease(executorId, groupId)
    if (lease.groupId === groupId) leases.push({ ...lease, executorId })
  }
  return leases
}

export interface LivenessFacts {
  now: TimeMs
  hostname: string
  /** Facts about a process of this machine; null when there is none. */
  processOf: (pid: number) => Promise<ProcessFacts | null>
  /** Whether somebody accepts connections there. */
  answers: (socketPath: string) => Promise<boolean>
}

/** Facts about this machine, read when they are asked for. */
export function machineLivenessFacts(now: TimeMs, hostname: string): LivenessFacts {
  return { now, hostname, processOf: readProcessFacts, answers: acceptsConnections }
}

/** Whether the process behind a lease lives. On this machine that is known, however old the lease is, which after a laptop has slept
 *  or on a full disk it is: a socket answers, or the same process (pid, start time, boot) is still there. Of another machine only the
 *  lease is known. */
export async function isLeaseAlive(lease: ExecutorLease, facts: LivenessFacts): Promise<boolean> {
  if (lease.process.hostname !== facts.hostname) return facts.now - lease.renewedAt < leaseStaleMs
  if (lease.socketPath !== '' && (await facts.answers(lease.socketPath))) return true
  const found = await facts.processOf(lease.process.pid)
  return found !== null && isSameProcess(found, lease.process)
}

async function acceptsConnections(path: string): Promise<boolean> {
  return (await connectionState(path)) === 'accepted'
}

function leaseDirectory(stateDirectory: string, executorId: string): string {
  return join(executorsDirectory(stateDirectory), executorId)
}

function executorsDirectory(stateDirectory: string): string {
  return join(stateDirectory, 'executors')
}

function abandonedLease(executorId: ExecutorId, groupId: string): ExecutorLease {
  const nobody = { hostname: '', bootId: '', pid: 0, startTime: '' }
  return {
    executorId,
    groupId,
    process: nobody,
    engineEndpoint: '',
    acquiredAt: 0,
    renewedAt: 0,
    socketPath: '',
    repoUuid: '',
  }
}

function parseLease(text: string): ExecutorLease | null {
  let value: unknown
  try {
    value = JSON.parse(text)
  } catch (error) {
    if (error instanceof SyntaxError) return null
    throw error
  }
  const fields = record(value)
  const process = record(fields.process)
  const texts = [
    fields.groupId,
    fields.engineEndpoint,
    fields.socketPath,
    process.hostname,
    process.bootId,
    process.startTime,
  ]
  const numbers = [fields.acquiredAt, fields.renewedAt, process.pid]
  const whole = texts.every((field) => typeof field === 'string') && numbers.every((field) => typeof field === 'number')
  // A program of another version may not tell its repository; its processes live all the same.
  return whole ? ({ repoUuid: '', ...fields } as unknown as ExecutorLease) : null
}

function record(value: unknown): Record<string, unknown> {
  return typeof value === 'object' && value !== null ? { ...value } : {}
}

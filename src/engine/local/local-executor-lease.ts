import { rm, stat } from 'node:fs/promises'
import { hostname } from 'node:os'
import { join } from 'node:path'
import { AgolaError } from '../model/errors.ts'
import type { ExecutorId } from '../model/ids.ts'
import type { Clock } from '../ports/clock.ts'
import {
  createLease,
  type ExecutorLease,
  findUnfinishedLeases,
  isLeaseAlive,
  leaseRenewMs,
  leaseStaleMs,
  machineLivenessFacts,
  readLeases,
  removeLease,
  writeLease,
} from './executor-lease.ts'
import { isSameProcess, type ProcessFacts, readProcessFacts } from './process-facts.ts'

export interface LocalExecutorLeaseOptions {
  stateDirectory: string
  executorId: ExecutorId
  groupId: string
  repoUuid: string
  engineEndpoint: string
  /** Of this process's control socket; '' without one. */
  socketPath: string
  clock: Clock
  /** A renewal failed. */
  onTrouble?: (error: unknown) => void
}

/** The lease of this process: renewed until it is released (spec/local-runs.md 10). */
export class LocalExecutorLease {
  readonly #options: LocalExecutorLeaseOptions
  readonly #released = new AbortController()
  #lease: ExecutorLease
  #renewal: Promise<void> = Promise.resolve()

  private constructor(options: LocalExecutorLeaseOptions, lease: ExecutorLease) {
    this.#options = options
    this.#lease = lease
  }

  static async acquire(options: LocalExecutorLeaseOptions): Promise<LocalExecutorLease> {
    const { executorId, groupId, repoUuid, engineEndpoint, socketPath, stateDirectory, clock } = options
    const process_ = await readProcessFacts(process.pid)
    if (process_ === null)
      throw new AgolaError('assertionFailed', 'this process cannot be found among the processes of the machine')
    const now = clock.now()
    const lease = {
      executorId,
      groupId,
      process: process_,
      engineEndpoint,
      acquiredAt: now,
      renewedAt: now,
      socketPath,
      repoUuid,
    }
    await createLease(stateDirectory, lease)
    const own = new LocalExecutorLease(options, lease)
    own.#renewal = own.#renew()
    return own
  }

  get executorId(): ExecutorId {
    return this.#options.executorId
  }

  /** The live executors of the group, this one among them. */
  siblings(): Promise<ExecutorId[]> {
    return liveExecutors(this.#options, this.#lease.process)
  }

  /** Nothing of the executor is left. */
  async release(): Promise<void> {
    await this.abandon()
    await removeLease(this.#options.stateDirectory, this.#options.executorId)
  }

  /** As if the process had died: what the executor wrote stays for others to fetch. */
  async abandon(): Promise<void> {
    this.#released.abort()
    await this.#renewal
  }

  async #renew(): Promise<void> {
    const { clock, stateDirectory } = this.#options
    const { signal } = this.#released
    while (!signal.aborted) {
      await clock.sleep(leaseRenewMs, signal).catch(() => undefined)
      if (signal.aborted) return
      this.#lease = { ...this.#lease, renewedAt: clock.now() }
      // A full disk is no reason to end: this process proves that it lives by living, and the next renewal may find room.
      await writeLease(stateDirectory, this.#lease).catch((error: unknown) => this.#options.onTrouble?.(error))
    }
  }
}

/** Executors of a group whose processes live; this process, `own`, needs no proof. */
export async function liveExecutors(
  { stateDirectory, groupId, clock }: Pick<LocalExecutorLeaseOptions, 'stateDirectory' | 'groupId' | 'clock'>,
  own?: ProcessFacts,
): Promise<ExecutorId[]> {
  const facts = machineLivenessFacts(clock.now(), hostname())
  const leases = await readLeases(stateDirectory, groupId)
  const isOwn = ({ process }: ExecutorLease) => own !== undefined && isSameProcess(process, own)
  const alive = await Promise.all(leases.map((lease) => isOwn(lease) || isLeaseAlive(lease, facts)))
  return leases.filter((_, index) => alive[index]).map(({ executorId }) => executorId)
}

/** Executors whose processes are dead and of which something is left. One without a lease may belong to a process that is just starting:
 *  it counts when it is older than any lease may get. */
export async function deadExecutors(options: ExecutorGroup): Promise<ExecutorId[]> {
  return (await deadLeases(options)).map(({ executorId }) => executorId)
}

/** Removes what dead executors of one repository left, but for those `inUse`. */
export async function removeDeadExecutors(
  options: ExecutorGroup & { repoUuid: string; inUse: ReadonlySet<ExecutorId> },
): Promise<void> {
  const { stateDirectory, repoUuid, inUse } = options
  for (const lease of await deadLeases(options)) {
    if (lease.repoUuid !== repoUuid || inUse.has(lease.executorId)) continue
    if (lease.socketPath !== '') await rm(lease.socketPath, { force: true })
    await removeLease(stateDirectory, lease.executorId)
  }
  for (const path of await findUnfinishedLeases(stateDirectory)) await rm(path, { recursive: true, force: true })
}

type ExecutorGroup = Pick<LocalExecutorLeaseOptions, 'stateDirectory' | 'groupId' | 'clock'>

async function deadLeases({ stateDirectory, groupId, clock }: ExecutorGroup): Promise<ExecutorLease[]> {
  const facts = machineLivenessFacts(clock.now(), hostname())
  const dead: ExecutorLease[] = []
  for (const lease of await readLeases(stateDirectory, groupId)) {
    if (await isLeaseAlive(lease, facts)) continue
    const { mtimeMs } = await stat(join(stateDirectory, 'executors', lease.executorId)).catch(() => ({ mtimeMs: 0 }))
    if (lease.renewedAt > 0 || facts.now - mtimeMs > leaseStaleMs) dead.push(lease)
  }
  return dead
}

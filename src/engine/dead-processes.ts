import type { Identity } from './local/identity.ts'
import type { LocalDirectories } from './local/local-directories.ts'
import { liveExecutors, removeDeadExecutors } from './local/local-executor-lease.ts'
import { AgolaError } from './model/errors.ts'
import type { ExecutorId } from './model/ids.ts'
import type { Clock } from './ports/clock.ts'
import type { KeyValueStore } from './ports/key-value-store.ts'
import { executorsInUse, ownersOfActiveRuns } from './runservice/executors-in-use.ts'
import type { RunService } from './runservice/run-service.ts'
import { alarm } from './std/alarm.ts'

export interface DeadProcessesOptions {
  directories: LocalDirectories
  identity: Identity
  repoUuid: string
  /** Of this process, which lives. */
  executorId: ExecutorId
  kv: KeyValueStore
  runService: RunService
  clock: Clock
}

const settleMsMax = 5_000

/** What processes that died without a word left in the store of one repository and beside it (spec/local-runs.md 10). */
export class DeadProcesses {
  readonly #options: DeadProcessesOptions
  readonly #group: Parameters<typeof liveExecutors>[0]

  constructor(options: DeadProcessesOptions) {
    this.#options = options
    const { directories, identity, clock } = options
    this.#group = { stateDirectory: directories.state, groupId: identity.executorGroupId, clock }
  }

  /** Closes their runs as interrupted: nobody else would. */
  async close(): Promise<void> {
    const { runService, executorId } = this.#options
    await runService.keepOnlyExecutors(async () => new Set([executorId, ...(await liveExecutors(this.#group))]))
  }

  /** Waits until nothing of them is under way any more, or until `signal`. */
  async settle(signal: AbortSignal): Promise<void> {
    const { kv, runService } = this.#options
    const alive = await liveExecutors(this.#group)
    for (const [runId, owner] of await ownersOfActiveRuns(kv)) {
      if (alive.includes(owner)) continue
      for await (const run of runService.watchRun(runId, { signal })) if (run.archived) break
    }
  }

  /** As `settle`, for a little while at most. */
  async settleBriefly(): Promise<void> {
    const limit = new AbortController()
    const cancel = alarm(this.#options.clock, settleMsMax, () =>
      limit.abort(new AgolaError('outcomeUnknown', 'what a dead process left is still being taken in')),
    )
    await this.settle(limit.signal).catch((error: unknown) => {
      if (!limit.signal.aborted) throw error
    })
    cancel()
  }

  /** Takes away their files once everything in them was fetched. */
  async sweep(): Promise<void> {
    await this.settleBriefly()
    const { repoUuid, kv } = this.#options
    await removeDeadExecutors({ ...this.#group, repoUuid, inUse: await executorsInUse(kv) })
  }
}

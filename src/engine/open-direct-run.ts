import { checkPrivileged } from './check-privileged.ts'
import type { Closing } from './closing.ts'
import type { CompiledRun, CompiledRuns } from './compile/compiled-run.ts'
import type { DirectRunFacts, DirectRunOptions, StartedDirectRun } from './direct-run-interface.ts'
import type { EmbeddedEngine } from './embedded.ts'
import { ignoredWithoutContainers } from './ignored-without-containers.ts'
import type { RunActivity } from './model/activity.ts'
import { AgolaError } from './model/errors.ts'
import type { RunConfigTask } from './model/run-config.ts'
import type { Pauses } from './ports/pauses.ts'
import type { Runs } from './ports/runs.ts'
import { largeTreeWarning } from './prepare-clones.ts'
import type { RunHeading } from './run-heading.ts'
import type { Snapshot } from './snapshot/snapshot.ts'
import type { StartedExecutor } from './started-engine.ts'

export interface OpenParts {
  snapshot: Snapshot
  heading: RunHeading
  engine: EmbeddedEngine
  /** Connects, and makes the engine able to run tasks; null: nothing is to run. */
  executor: StartedExecutor | null
  compiled: CompiledRun[]
  skipped: CompiledRuns['skipped']
  leftOut: number
  /** Those that can run. */
  tasks: readonly RunConfigTask[]
  /** Makes the runs. */
  begin: () => Promise<number[]>
  /** In the order in which they are called. */
  closing: Closing
}

/** Where everything is open and nothing runs yet. */
export class OpenDirectRun implements StartedDirectRun {
  readonly facts: DirectRunFacts
  readonly compiled: CompiledRun[]
  readonly skipped: CompiledRuns['skipped']
  readonly leftOut: number
  readonly runs: Runs
  readonly broken: AbortSignal
  readonly #parts: OpenParts
  readonly #options: DirectRunOptions

  constructor(parts: OpenParts, options: DirectRunOptions) {
    const { snapshot, engine, compiled, skipped, leftOut } = parts
    this.facts = { repoUuid: snapshot.repoUuid, commitSha: snapshot.commitSha, ref: snapshot.ref.ref }
    this.compiled = compiled
    this.skipped = skipped
    this.leftOut = leftOut
    this.runs = engine.runs
    this.broken = engine.broken
    this.#parts = parts
    this.#options = options
  }

  async start(): Promise<number[]> {
    const { executor, heading, tasks, begin } = this.#parts
    if (executor === null) throw new AgolaError('assertionFailed', 'what was opened as a plan cannot start')
    this.#options.onStage?.('waiting for the container engine')
    const capabilities = await (await executor.driver.use()).capabilities()
    heading.showWith(capabilities.description)
    checkPrivileged(tasks, capabilities)
    const ignored = capabilities.images ? null : ignoredWithoutContainers(tasks)
    if (ignored !== null) this.#options.onNotice(ignored)
    await executor.started
    this.#options.onStage?.('making the run')
    const numbers = await begin()
    this.#warnOfSize()
    return numbers
  }

  /** Measured beside the run, which starts no later for it. */
  #warnOfSize(): void {
    const { snapshot, tasks, closing } = this.#parts
    const closed = new AbortController()
    closing.unshift(() => closed.abort())
    largeTreeWarning(snapshot, tasks, { signal: closed.signal })
      .then((warning) => warning !== null && this.#options.onNotice(warning))
      .catch(() => undefined)
  }

  get pauses(): Pauses | null {
    return this.#parts.engine.pauses
  }

  kill(): Promise<void> {
    return this.#parts.engine.kill()
  }

  activity(): Promise<RunActivity[]> {
    return this.#parts.engine.activity()
  }

  async close(): Promise<void> {
    for (const close of this.#parts.closing.splice(0)) await close()
  }
}

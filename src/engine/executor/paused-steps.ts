import { AgolaError } from '../model/errors.ts'
import type { ExecutorTaskId, RunId, RunTaskId, TimeMs } from '../model/ids.ts'
import type { TaskPause } from '../model/run.ts'
import type { CallOptions } from '../ports/call-options.ts'
import type { Clock } from '../ports/clock.ts'
import type { ContainerExec } from '../ports/pod-driver.ts'
import type { TreeChange } from '../ports/source-provider.ts'
import type { ShellRequest } from './steps/open-shell.ts'

/** `retry` runs the step again, `skip` treats it as successful, `continue` lets its failure stand. */
export type PauseDecision = 'retry' | 'skip' | 'continue'

/** A failed step whose pod is still there. */
export interface PausedStep {
  taskId: ExecutorTaskId
  runId: RunId
  runTaskId: RunTaskId
  taskName: string
  stepName: string
  pause: TaskPause
  /** A clone step of the task has put a checkout into its pod. */
  hasCheckout: boolean
  /** A command, or a shell, as the step would be run. */
  openShell(request: ShellRequest, options?: CallOptions): Promise<ContainerExec>
  /** Changes files of the checkout as the user of the step. */
  applyChange(change: TreeChange, options?: CallOptions): Promise<void>
  /** A line for the log of the step. */
  note(text: string): void
}

interface Waiting {
  step: PausedStep
  decide: (decision: PauseDecision) => void
  shells: number
}

/** Steps that failed and wait for a decision. With it an executor pauses failing steps; without, they fail at once. */
export class PausedSteps {
  readonly #clock: Clock
  readonly #expiryMs: number
  readonly #waiting = new Map<ExecutorTaskId, Waiting>()

  /** `expiryMs` after its begin a pause ends by itself, unless a shell is open then: in that case as much later. */
  constructor({ clock, expiryMs }: { clock: Clock; expiryMs: number }) {
    this.#clock = clock
    this.#expiryMs = expiryMs
  }

  /** When a pause that begins now ends. */
  get until(): TimeMs {
    return this.#clock.now() + this.#expiryMs
  }

  list(): PausedStep[] {
    return [...this.#waiting.values()].map(({ step }) => step)
  }

  /** Waits until somebody decides; `expired` when nobody came. `onExtended` hears of a later end. Rejects with the reason of `signal`. */
  async wait(
    step: PausedStep,
    { signal, onExtended }: { signal: AbortSignal; onExtended: (until: TimeMs) => void },
  ): Promise<PauseDecision | 'expired'> {
    const { promise, resolve } = Promise.withResolvers<PauseDecision>()
    const waiting = { step, decide: resolve, shells: 0 }
    this.#waiting.set(step.taskId, waiting)
    const over = new AbortController()
    try {
      const end = AbortSignal.any([signal, over.signal])
      return await Promise.race([promise, this.#expire(waiting, onExtended, end)])
    } finally {
      over.abort()
      this.#waiting.delete(step.taskId)
    }
  }

  /** `taskNotPaused` when somebody else was faster, or the pause has expired. */
  decide(taskId: ExecutorTaskId, decision: PauseDecision): void {
    this.#require(taskId).decide(decision)
  }

  /** Opens a shell in the pod; while it is open the pause does not expire. `taskNotPaused`. */
  async openShell(taskId: ExecutorTaskId, request: ShellRequest, options?: CallOptions): Promise<ContainerExec> {
    const waiting = this.#require(taskId)
    waiting.shells += 1
    const closed = () => {
      waiting.shells -= 1
    }
    try {
      const shell = await waiting.step.openShell(request, options)
      shell.wait().then(closed, closed)
      return shell
    } catch (error) {
      closed()
      throw error
    }
  }

  async #expire(waiting: Waiting, onExtended: (until: TimeMs) => void, signal: AbortSignal): Promise<'expired'> {
    do {
      await this.#clock.sleep(this.#expiryMs, signal)
      if (waiting.shells > 0) onExtended(this.until)
    } while (waiting.shells > 0)
    return 'expired'
  }

  #require(taskId: ExecutorTaskId): Waiting {
    const waiting = this.#waiting.get(taskId)
    if (waiting !== undefined) return waiting
    throw new AgolaError('taskNotPaused', 'the task is not paused any more')
  }
}

import type { PauseDecision, PausedStep, PausedSteps } from './executor/paused-steps.ts'
import { AgolaError } from './model/errors.ts'
import type { ExecutorTaskId, RunId } from './model/ids.ts'
import type { CallOptions } from './ports/call-options.ts'
import type { PausedShellRequest, PausedTask, PausedTaskRef, Pauses, SyncResult } from './ports/pauses.ts'
import type { ContainerExec } from './ports/pod-driver.ts'
import type { TreeChange } from './ports/source-provider.ts'
import type { SnapshotFacts } from './snapshot/snapshot-facts.ts'

export interface EmbeddedPausesOptions {
  steps: PausedSteps
  /** null: a run that is not of this process. */
  numberOf: (runId: RunId) => number | null
  /** The tree that clone steps get. */
  snapshot: () => SnapshotFacts
  /** The work tree as it is now, and what leads to it from an earlier one. */
  openChange: (from: SnapshotFacts, options: CallOptions) => Promise<{ snapshot: SnapshotFacts; change: TreeChange }>
}

/** Paused tasks of this process. */
export class EmbeddedPauses implements Pauses {
  readonly #options: EmbeddedPausesOptions
  /** The tree that the checkout of a task has after a sync. */
  readonly #synced = new Map<ExecutorTaskId, SnapshotFacts>()

  constructor(options: EmbeddedPausesOptions) {
    this.#options = options
  }

  async list(): Promise<PausedTask[]> {
    const { steps, numberOf } = this.#options
    return steps.list().flatMap(({ runId, runTaskId, taskName, stepName, pause }) => {
      const run = numberOf(runId)
      return run === null ? [] : [{ run, taskId: runTaskId, task: taskName, step: stepName, pause: { ...pause } }]
    })
  }

  async retry(task: PausedTaskRef, { sync }: { sync: boolean }, options: CallOptions = {}): Promise<SyncResult | null> {
    const step = this.#find(task)
    const result = sync ? await this.#sync(step, options) : null
    this.#decide(task, 'retry')
    return result
  }

  async skip(task: PausedTaskRef): Promise<void> {
    this.#decide(task, 'skip')
  }

  async continue(task: PausedTaskRef): Promise<void> {
    this.#decide(task, 'continue')
  }

  async openShell(task: PausedTaskRef, request: PausedShellRequest, options?: CallOptions): Promise<ContainerExec> {
    return await this.#options.steps.openShell(this.#find(task).taskId, request, options)
  }

  async #sync(step: PausedStep, options: CallOptions): Promise<SyncResult> {
    const nothing = { added: 0, changed: 0, deleted: 0 }
    if (!step.hasCheckout) return { ...nothing, note: 'the task had cloned nothing yet' }
    const from = this.#synced.get(step.taskId) ?? this.#options.snapshot()
    const { snapshot, change } = await this.#options.openChange(from, options)
    try {
      const { added, changed, deleted } = change
      if (added + changed + deleted === 0) return { ...nothing, note: '' }
      await step.applyChange(change, options)
      this.#synced.set(step.taskId, snapshot)
      step.note(`${describeSync({ added, changed, deleted })} from the work tree`)
      return { added, changed, deleted, note: '' }
    } finally {
      await change.close()
    }
  }

  #decide(task: PausedTaskRef, decision: PauseDecision): void {
    this.#options.steps.decide(this.#find(task).taskId, decision)
  }

  #find({ run, taskId }: PausedTaskRef): PausedStep {
    const { steps, numberOf } = this.#options
    const found = steps.list().find((step) => step.runTaskId === taskId && numberOf(step.runId) === run)
    if (found !== undefined) return found
    throw new AgolaError('taskNotPaused', 'the task is not paused any more')
  }
}

/** `2 changed, 1 deleted`. */
export function describeSync({ added, changed, deleted }: Omit<SyncResult, 'note'>): string {
  const parts = Object.entries({ added, changed, deleted }).filter(([, count]) => count > 0)
  return parts.map(([word, count]) => `${count} ${count === 1 ? 'file' : 'files'} ${word}`).join(', ')
}

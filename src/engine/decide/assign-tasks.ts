import type { Executor } from '../model/executor.ts'
import type { ExecutorTask } from '../model/executor-task.ts'
import type { ExecutorId, ExecutorTaskId, RunId, RunTaskId, TimeMs } from '../model/ids.ts'
import { chooseExecutor, type TaskNeed, whyUnplaceable } from './choose-executor.ts'
import { newExecutorTask } from './executor-task-status.ts'
import type { RunDraft } from './run-draft.ts'
import { withAllFetched } from './run-task-state.ts'

/** Executors, and how many unfinished tasks each was given. */
export interface ExecutorPool {
  executors: readonly Executor[]
  assigned(id: ExecutorId): number
}

export interface AssignOptions {
  pool: ExecutorPool
  executorTaskId(runId: RunId, taskId: RunTaskId): ExecutorTaskId
  /** Called for each assignment, which from then on must show in `pool.assigned`. */
  onAssigned(task: ExecutorTask): void
  /** Tasks that no executor could run even when idle fail at once, instead of waiting for another executor to come. */
  failUnplaceable: boolean
  now: TimeMs
}

/** Gives every task that is free to start to an executor, as long as there is one with room for it; a task that finds none does
 *  not hold up the others (spec/runs.md 4.5). Returns whether a task is left waiting for an executor. */
export function assignTasks(draft: RunDraft, options: AssignOptions): boolean {
  for (;;) {
    const isWaiting = placeTasks(draft, options)
    // Only after the others have their places: a failure cancels what has no parents and was not given away.
    if (!options.failUnplaceable || !failUnplaceable(draft, options)) return isWaiting
  }
}

function placeTasks(draft: RunDraft, options: AssignOptions): boolean {
  const { pool, now } = options
  const full = new Set<TaskNeed>()
  for (;;) {
    const ready = draft.firstReady((need) => !full.has(need))
    if (ready === undefined) return full.size > 0
    const executor = chooseExecutor(pool.executors, pool.assigned, ready.need, now)
    if (executor === undefined) {
      full.add(ready.need)
      continue
    }
    const runId = draft.header.id
    const task = newExecutorTask(options.executorTaskId(runId, ready.id), executor.id, runId, draft.task(ready.id))
    draft.setExecutorTask(task)
    options.onAssigned(task)
  }
}

/** Fails all tasks that are free to start and have no executor, each with its own reason, and decides what follows. Returns whether there
 *  were any. */
function failUnplaceable(draft: RunDraft, { pool, now }: AssignOptions): boolean {
  const reason = (need: TaskNeed) => whyUnplaceable(pool.executors, need)
  for (let count = 0; ; count++) {
    const ready = draft.firstReady((need) => reason(need) !== undefined)
    if (ready === undefined) {
      if (count > 0) draft.decide(now)
      return count > 0
    }
    const task = withAllFetched(draft.task(ready.id))
    const failError = reason(ready.need) ?? ''
    draft.setTask({ ...task, status: 'failed', failError, startTime: now, endTime: now })
  }
}

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
  const { pool, now } = options
  const choose = (need: TaskNeed) => chooseExecutor(pool.executors, pool.assigned, need, now)
  if (options.failUnplaceable) failUnplaceable(draft, pool, now)
  const full = new Set<TaskNeed>()
  for (;;) {
    const ready = draft.firstReady((need) => !full.has(need))
    if (ready === undefined) return full.size > 0
    const executor = choose(ready.need)
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

function failUnplaceable(draft: RunDraft, pool: ExecutorPool, now: TimeMs): void {
  const reason = (need: TaskNeed) => whyUnplaceable(pool.executors, need)
  for (;;) {
    const ready = draft.firstReady((need) => reason(need) !== undefined)
    if (ready === undefined) return
    const task = withAllFetched(draft.task(ready.id))
    const failError = reason(ready.need) ?? ''
    draft.setTask({ ...task, status: 'failed', failError, startTime: now, endTime: now })
    draft.decide(now)
  }
}

import { isDeepStrictEqual } from 'node:util'
import type { ExecutorTask, ExecutorTaskStatus } from '../model/executor-task.ts'
import type { ExecutorId, RunTaskId, TimeMs } from '../model/ids.ts'
import { isTaskFinished } from '../model/run.ts'
import { applyExecutorTaskStatus, executorGone, isStatusAccepted } from './executor-task-status.ts'
import { changeRunPhase, stopRun } from './run-actions.ts'
import type { RunDraft } from './run-draft.ts'
import { isFetched, withAllFetched, withArchivesFetched, withNothingMissing } from './run-task-state.ts'

/** Takes in what an executor reports about a task. A report that says nothing new, comes too late or is about a task that was
 *  fetched and forgotten changes nothing. */
export function reportExecutorTask(draft: RunDraft, taskId: RunTaskId, status: ExecutorTaskStatus): void {
  const executorTask = draft.executorTask(taskId)
  if (executorTask === undefined || isDeepStrictEqual(executorTask.status, status)) return
  if (!isStatusAccepted(executorTask.status.phase, status.phase)) return
  draft.setExecutorTask({ ...executorTask, status })
  const next = applyExecutorTaskStatus(draft.task(taskId), status)
  if (next === null) return
  draft.setTask(isTaskFinished(next.status) ? withNothingMissing(next) : next)
  releaseFetched(draft, taskId)
}

/** The archives of a finished task are stored, or there are none. */
export function markArchivesFetched(draft: RunDraft, taskId: RunTaskId): void {
  const task = draft.findTask(taskId)
  if (task === undefined || task.workspaceArchivesPhase.every((phase) => phase === 'finished')) return
  draft.setTask(withArchivesFetched(task))
  releaseFetched(draft, taskId)
}

/** Nothing of a finished task is left at its executor, which may forget it now. */
export function markFetched(draft: RunDraft, taskId: RunTaskId): void {
  const task = draft.findTask(taskId)
  if (task !== undefined && !isFetched(task)) draft.setTask(withAllFetched(task))
  releaseFetched(draft, taskId)
}

/** The executor of a task is gone for good: what was running has failed, and what it held is lost (spec/runs.md 9.4, 10.3), unless
 *  its files can still be fetched. */
export function closeGoneExecutorTask(draft: RunDraft, executorTask: ExecutorTask, { now, leavesFiles }: Loss): void {
  reportExecutorTask(draft, executorTask.runTaskId, executorGone(executorTask.status, now))
  if (!leavesFiles) markFetched(draft, executorTask.runTaskId)
}

export interface Loss {
  now: TimeMs
  /** What executors wrote outlives them. */
  leavesFiles: boolean
}

/** Ends a run whose owner died: nobody else has what it takes to go on with it (spec/local-runs.md 10). */
export function closeOrphan(draft: RunDraft, isGone: (id: ExecutorId) => boolean, loss: Loss): void {
  if (draft.header.phase === 'queued') changeRunPhase(draft, 'cancelled', loss.now)
  if (draft.header.phase !== 'running') return
  stopRun(draft)
  for (const task of draft.executorTasks()) if (isGone(task.executorId)) closeGoneExecutorTask(draft, task, loss)
}

function releaseFetched(draft: RunDraft, taskId: RunTaskId): void {
  const task = draft.findTask(taskId)
  if (task !== undefined && isFetched(task)) draft.deleteExecutorTask(taskId)
}

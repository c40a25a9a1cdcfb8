import type { RunDraft, RunState } from '../decide/run-draft.ts'
import type { ExecutorTask } from '../model/executor-task.ts'
import { isExecutionFinished, isTaskFinished } from '../model/run.ts'

/** What is left to do outside of the store for an executor task. */
export type Outstanding = { type: 'send' | 'fetch'; task: ExecutorTask }

/** What a stored draft leads to. A crash before it is done loses nothing: `allOutstanding` finds it again. */
export function outstandingOf(draft: RunDraft, isNew: (task: ExecutorTask) => boolean): Outstanding[] {
  const sends = new Map<string, ExecutorTask>()
  const finished = new Set<string>()
  for (const write of draft.writes) {
    if (write.type === 'executorTask' && (isNew(write.task) || write.task.stop)) sends.set(write.task.id, write.task)
    if (write.type === 'task' && isTaskFinished(write.task.status)) finished.add(write.task.id)
  }
  return [
    ...[...sends.values()].flatMap((task) => sendOf(draft.executorTask(task.runTaskId))),
    ...[...finished].flatMap((id) => fetchOf(draft.executorTask(id))),
  ]
}

/** Everything that is left to do for a run. */
export function allOutstanding(state: RunState): Outstanding[] {
  return [...state.executorTasks.values()].flatMap((task) => {
    const status = state.run.tasks[task.runTaskId]?.status
    if (status !== undefined && isTaskFinished(status)) return fetchOf(task)
    return task.stop || task.status.phase === 'notstarted' ? sendOf(task) : []
  })
}

function sendOf(task: ExecutorTask | undefined): Outstanding[] {
  return task === undefined || isExecutionFinished(task.status.phase) ? [] : [{ type: 'send', task }]
}

function fetchOf(task: ExecutorTask | undefined): Outstanding[] {
  return task === undefined ? [] : [{ type: 'fetch', task }]
}

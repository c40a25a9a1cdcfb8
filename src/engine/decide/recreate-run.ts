import type { RunTaskId } from '../model/ids.ts'
import { isRunFinished, type Run, type RunTask } from '../model/run.ts'
import type { RunConfig, RunConfigTask } from '../model/run-config.ts'
import { descendants, graphOf } from './run-graph.ts'
import { isFetched, newRunTask } from './run-task-state.ts'

/** Why the run cannot be created again; null when it can (spec/runconfig.md 15.1). */
export function whyNotRecreatable(run: Run, fromStart: boolean): string | null {
  if (run.phase === 'setuperror') return 'it has setup errors'
  if (!isRunFinished(run.phase)) return `it is still ${run.phase}`
  if (fromStart) return null
  if (run.result === 'success') return 'it succeeded, so no task is left to run again; restart it from the start'
  const open = Object.values(run.tasks).some((task) => task.status === 'success' && !isFetched(task))
  return open ? 'the logs or archives of a successful task are not stored yet' : null
}

export interface RecreatedTasks {
  config: Record<RunTaskId, RunConfigTask>
  tasks: Record<RunTaskId, RunTask>
  /** Tasks that the new run shares with the old one: same id, same logs and archives. */
  kept: RunTaskId[]
}

/** The tasks of a run that does the work of `run` again: everything, or what did not succeed and all that depends on it.
 *  Those get new ids and begin anew, as skipped where `isSkipped` says so; the others keep id and state (spec/runconfig.md 15.2). */
export function recreateTasks(
  run: Run,
  config: RunConfig,
  fromStart: boolean,
  newId: (task: RunConfigTask) => RunTaskId,
  isSkipped: (task: RunConfigTask) => boolean = () => false,
): RecreatedTasks {
  const graph = graphOf(config)
  const again = new Set(graph.order.filter((id) => fromStart || run.tasks[id]?.status !== 'success'))
  for (const id of descendants(graph, [...again])) again.add(id)
  const ids = new Map(
    Object.values(config.tasks).map((task) => [task.id, again.has(task.id) ? newId(task) : task.id] as const),
  )
  const recreated: RecreatedTasks = { config: {}, tasks: {}, kept: [] }
  for (const old of Object.values(config.tasks)) {
    const skip = old.skip || (again.has(old.id) && isSkipped(old))
    const task = { ...rewired(old, ids), skip }
    const kept = again.has(old.id) ? undefined : run.tasks[old.id]
    recreated.config[task.id] = task
    recreated.tasks[task.id] = kept ?? newRunTask(task)
    if (kept !== undefined) recreated.kept.push(kept.id)
  }
  return recreated
}

function rewired(task: RunConfigTask, ids: ReadonlyMap<RunTaskId, RunTaskId>): RunConfigTask {
  const depends = Object.values(task.depends).map((depend) => {
    const taskId = ids.get(depend.taskId) ?? depend.taskId
    return [taskId, { ...depend, taskId }] as const
  })
  return { ...task, id: ids.get(task.id) ?? task.id, depends: Object.fromEntries(depends) }
}

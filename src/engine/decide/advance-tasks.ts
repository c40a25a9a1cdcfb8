import type { RunTaskId } from '../model/ids.ts'
import type { Run, RunTask } from '../model/run.ts'
import type { RunConfig, RunConfigTask } from '../model/run-config.ts'
import { graphOf, type RunGraph } from './run-graph.ts'
import { closed, doesDependMatch, isSettled } from './run-task-state.ts'

/** Run tasks that have an executor task: they are out of the hands of these decisions. */
export type Scheduled = ReadonlySet<RunTaskId> | ReadonlyMap<RunTaskId, unknown>

/** One pass over all tasks by the letter of spec/runs.md 4.2: looks only at the state before the pass, so one level moves at a
 *  time, and returns the tasks that change. This is the definition; `RunDraft` comes to the same end looking only at tasks
 *  whose parents changed. */
export function advanceTasks(run: Run, config: RunConfig, scheduled: Scheduled): RunTask[] {
  const graph = graphOf(config)
  return graph.order.flatMap((id) => {
    const task = run.tasks[id]
    if (task === undefined) return []
    const next = advanceTask(run, graph, task, scheduled)
    return next === task ? [] : [next]
  })
}

function advanceTask(run: Run, graph: RunGraph, task: RunTask, scheduled: Scheduled): RunTask {
  if (task.status !== 'notstarted' || scheduled.has(task.id)) return task
  if (run.stop) return closed(task, 'skipped')
  const isRoot = graph.parents(task.id).length === 0
  if (isRoot && run.result !== 'unknown') return closed(task, 'cancelled')
  const parents = parentsOf(run, graph, task.id)
  return parents.every(isSettled) ? advanceReadyTask(graph, task, parents) : task
}

/** The parents of `task` are settled: it is skipped, waits for approval, or is left as it is, free to start. */
export function advanceReadyTask(graph: RunGraph, task: RunTask, parents: readonly RunTask[]): RunTask {
  const config = graph.tasks[task.id]
  if (config === undefined || !doParentsMatch(config, parents)) return closed(task, 'skipped')
  if (!needsApproval(config, task) || task.waitingApproval) return task
  return { ...task, waitingApproval: true }
}

/** Tasks that may be given to an executor now, by (level, name) (spec/runs.md 4.4). */
export function tasksToRun(run: Run, config: RunConfig, scheduled: Scheduled): RunTaskId[] {
  if (run.phase !== 'running') return []
  const graph = graphOf(config)
  return graph.order.filter((id) => {
    const task = run.tasks[id]
    const taskConfig = graph.tasks[id]
    if (task === undefined || taskConfig === undefined || scheduled.has(id)) return false
    if (task.status !== 'notstarted' || needsApproval(taskConfig, task)) return false
    const parents = parentsOf(run, graph, id)
    return parents.every(isSettled) && doParentsMatch(taskConfig, parents)
  })
}

/** Every parent is settled and matches; a parent that is not in the run matches nothing. */
function doParentsMatch(config: RunConfigTask, parents: readonly RunTask[]): boolean {
  return parents.every((parent) => {
    const depend = config.depends[parent.id]
    return depend !== undefined && doesDependMatch(depend, parent.status)
  })
}

export function needsApproval(config: RunConfigTask, task: RunTask): boolean {
  return config.needsApproval && !task.approved
}

function parentsOf(run: Run, graph: RunGraph, id: RunTaskId): RunTask[] {
  return graph.parents(id).flatMap((parent) => run.tasks[parent] ?? [])
}

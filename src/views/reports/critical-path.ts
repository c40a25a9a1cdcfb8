import type { RunTaskId } from '../../engine/model/ids.ts'
import type { TaskView } from '../run-view.ts'
import { type ReportRun, taskPeriod } from './report-run.ts'

/** The chain of tasks that made the run last as long as it did, first to last: back from the task that ended last, always to
 *  the parent that ended last. Empty when nothing ran. */
export function criticalPath(run: ReportRun): RunTaskId[] {
  const endOf = (task: TaskView) => taskPeriod(task, run)?.end ?? Number.NEGATIVE_INFINITY
  const latest = (candidates: readonly TaskView[]) =>
    candidates.reduce<TaskView | null>((best, task) => (best === null || endOf(task) > endOf(best) ? task : best), null)

  const path: RunTaskId[] = []
  const seen = new Set<RunTaskId>()
  let current = latest(run.tasks.filter((task) => task.startedAt !== null))
  while (current !== null && !seen.has(current.id)) {
    seen.add(current.id)
    path.unshift(current.id)
    current = latest(parentsThatRan(current, run.tasksById))
  }
  return path
}

/** What ran before it; through parents that did not run, such as skipped ones, to theirs. */
function parentsThatRan(task: TaskView, tasks: ReadonlyMap<RunTaskId, TaskView>): TaskView[] {
  const found = new Set<TaskView>()
  const seen = new Set<RunTaskId>()
  const open = task.depends.map(({ id }) => id)
  for (let id = open.pop(); id !== undefined; id = open.pop()) {
    const parent = tasks.get(id)
    if (parent === undefined || seen.has(id)) continue
    seen.add(id)
    if (parent.startedAt !== null) found.add(parent)
    else open.push(...parent.depends.map((depend) => depend.id))
  }
  return [...found]
}

import type { RunTaskId, TimeMs } from '../../engine/model/ids.ts'
import type { ProgressEvent } from '../../engine/model/progress-event.ts'
import { type RunView, reduceRuns, type StepView, type TaskView } from '../run-view.ts'

/** A run as reports tell it: the picture that all views draw, with its beginning and end. */
export interface ReportRun extends RunView {
  /** When it left the queue; its creation where that is not known. */
  startedAt: TimeMs
  /** The latest moment known of it while it has not ended. */
  endedAt: TimeMs
  approvalsAskedAt: ReadonlyMap<RunTaskId, TimeMs>
  tasksById: ReadonlyMap<RunTaskId, TaskView>
}

/** What reports say about the tree that was run. */
export interface ReportFacts {
  repoUuid: string
  commitSha: string
  ref: string
}

export interface Period {
  start: TimeMs
  end: TimeMs
}

/** Takes in the events of one invocation and keeps what reports need of them; output is not a part of it. */
export class ReportRuns {
  #views: readonly RunView[] = []
  readonly #times = new Map<number, { endedAt: TimeMs; approvals: Map<RunTaskId, TimeMs> }>()

  event(event: ProgressEvent): void {
    if (event.type === 'step_output') return
    this.#views = reduceRuns(this.#views, event)
    const known = this.#times.get(event.run)
    const times = known ?? { endedAt: event.time, approvals: new Map<RunTaskId, TimeMs>() }
    if (known === undefined) this.#times.set(event.run, times)
    times.endedAt = event.type === 'run_finished' ? event.time : Math.max(times.endedAt, event.time)
    if (event.type === 'approval_required') times.approvals.set(event.task.id, event.time)
  }

  /** In the order in which they were created. */
  list(): ReportRun[] {
    return this.#views.map((view) => {
      const times = this.#times.get(view.number)
      const endedAt = times?.endedAt ?? view.createdAt
      const startedAt = Math.max(view.createdAt, endedAt - (view.durationMs ?? endedAt - view.createdAt))
      const tasksById = new Map(view.tasks.map((task) => [task.id, task]))
      return { ...view, startedAt, endedAt, approvalsAskedAt: times?.approvals ?? new Map(), tasksById }
    })
  }
}

/** null: it did not run here. A task that goes on ends with what is known of the run. */
export function taskPeriod({ startedAt, durationMs }: TaskView, run: ReportRun): Period | null {
  if (startedAt === null) return null
  return { start: startedAt, end: durationMs === null ? Math.max(startedAt, run.endedAt) : startedAt + durationMs }
}

/** As for tasks, and never outside of its task: the clocks of two machines may differ. */
export function stepPeriod(step: StepView, task: Period): Period | null {
  if (step.startedAt === null) return null
  const start = clamp(step.startedAt, task)
  return { start, end: step.durationMs === null ? task.end : clamp(start + step.durationMs, { ...task, start }) }
}

/** From the moment when all that the task depends on had ended until it started; null when it did not start, or at once. */
export function waitPeriod(task: TaskView, run: ReportRun): Period | null {
  if (task.startedAt === null) return null
  const ends = task.depends.map(({ id }) => {
    const parent = run.tasksById.get(id)
    return (parent === undefined ? null : taskPeriod(parent, run)?.end) ?? run.startedAt
  })
  const start = Math.max(run.startedAt, ...ends)
  return start < task.startedAt ? { start, end: task.startedAt } : null
}

/** A restart keeps what succeeded before: such a task has a result and no time. */
export function isKept({ status, startedAt }: TaskView): boolean {
  return status === 'success' && startedAt === null
}

function clamp(time: TimeMs, { start, end }: Period): TimeMs {
  return Math.min(Math.max(time, start), end)
}

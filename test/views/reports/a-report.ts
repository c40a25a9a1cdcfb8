import type { ProgressEvent, ProgressTask } from '../../../src/engine/model/progress-event.ts'
import type { ExecutionPhase, RunTaskStatus } from '../../../src/engine/model/run.ts'
import { type ReportRun, ReportRuns } from '../../../src/views/reports/report-run.ts'
import { runCreated, step } from '../progress-events.ts'

/** What one task of run 1 does; times in milliseconds after the run was created at 1000. */
export interface ATask {
  depends?: string[]
  start?: number
  end?: number
  status?: RunTaskStatus
  failError?: string
  timedout?: boolean
  setup?: ExecutionPhase
  steps?: {
    name: string
    start: number
    end: number
    phase?: ExecutionPhase
    exitStatus?: number | null
    cutLog?: string
  }[]
  /** Steps that were not reached. */
  unreached?: string[]
}

export interface ARun {
  tasks: Record<string, ATask>
  end?: number
  result?: 'success' | 'failed' | 'stopped'
  more?: Partial<ProgressEvent>
}

export const createdAt = 1000

/** The events of a run that went like this. Task ids equal task names. */
export function eventsOf({ tasks, end = 10_000, result = 'success', more = {} }: ARun): ProgressEvent[] {
  const progress = Object.entries(tasks).map(([name, task]): ProgressTask => {
    const names = [...(task.steps ?? []).map((each) => each.name), ...(task.unreached ?? [])]
    return {
      id: name,
      name,
      level: levelOf(name, tasks),
      depends: (task.depends ?? []).map((id) => ({ id, conditions: ['on_success'] })),
      status: task.start === undefined ? (task.status ?? 'notstarted') : 'notstarted',
      steps: names.map((each, index) => step(each, index)),
    }
  })
  const finished: ProgressEvent = {
    type: 'run_finished',
    time: createdAt + end,
    run: 1,
    phase: 'finished',
    result,
    durationMs: end,
  }
  return [
    runCreated({}, { tasks: progress, ...more } as Partial<ProgressEvent>),
    ...Object.entries(tasks).flatMap(([name, task]) => taskEvents(name, task)),
    finished,
  ]
}

export function reportRuns(...runs: ARun[]): ReportRun[] {
  const report = new ReportRuns()
  for (const event of runs.flatMap(eventsOf)) report.event(event)
  return report.list()
}

export function reportRun(run: ARun): ReportRun {
  const [report] = reportRuns(run)
  if (report === undefined) throw new Error('no run')
  return report
}

function taskEvents(name: string, task: ATask): ProgressEvent[] {
  const { start, end, status = 'success', failError = '', timedout = false, setup = 'success', steps = [] } = task
  if (start === undefined || end === undefined) return []
  const place = { run: 1, task: { id: name, name } }
  const stepEvents = (
    ref: ReturnType<typeof step>,
    from: number,
    to: number,
    phase: ExecutionPhase,
    exitStatus: number | null,
    cutLog: string | null = null,
  ) => [
    { type: 'step_started' as const, time: createdAt + from, ...place, step: ref },
    {
      type: 'step_finished' as const,
      time: createdAt + to,
      ...place,
      step: ref,
      phase,
      exitStatus,
      durationMs: to - from,
      cutLog,
    },
  ]
  return [
    { type: 'task_started', time: createdAt + start, ...place },
    ...stepEvents(step('setup', -1, 'setup'), start, steps[0]?.start ?? end, setup, null),
    ...steps.flatMap((each, index) =>
      stepEvents(
        step(each.name, index),
        each.start,
        each.end,
        each.phase ?? 'success',
        each.exitStatus === undefined ? 0 : each.exitStatus,
        each.cutLog,
      ),
    ),
    { type: 'task_finished', time: createdAt + end, ...place, status, timedout, failError, durationMs: end - start },
  ]
}

function levelOf(name: string, tasks: Record<string, ATask>): number {
  return Math.max(-1, ...(tasks[name]?.depends ?? []).map((parent) => levelOf(parent, tasks))) + 1
}

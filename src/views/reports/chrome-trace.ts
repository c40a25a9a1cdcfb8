import { cleanName } from '../clean-text.ts'
import type { StepView, TaskView } from '../run-view.ts'
import { type Period, type ReportRun, stepPeriod, taskPeriod, waitPeriod } from './report-run.ts'

/** One entry of the Chrome trace event format; times in microseconds. */
export interface TraceEvent {
  name: string
  ph: 'X' | 'M'
  pid: number
  tid: number
  ts?: number
  dur?: number
  cat?: string
  args: Record<string, unknown>
}

/** The runs for Perfetto and `chrome://tracing`: a process a run, a thread a task, and on it what the task waited for, the task,
 *  its set-up and its steps. In pieces of one JSON object. */
export function* renderChromeTrace(runs: readonly ReportRun[]): Generator<string> {
  yield '{"displayTimeUnit":"ms","traceEvents":['
  let separator = '\n'
  for (const run of runs) {
    for (const event of runEvents(run)) {
      yield `${separator}${JSON.stringify(event)}`
      separator = ',\n'
    }
  }
  yield '\n]}\n'
}

function runEvents(run: ReportRun): TraceEvent[] {
  const pid = run.number
  const name = `run ${run.number} ${cleanName(run.name)}`
  const { createdAt, startedAt, endedAt, phase, result, group } = run
  const queued = { start: createdAt, end: startedAt }
  return [
    metadata({ pid, tid: 0 }, 'process_name', { name }),
    metadata({ pid, tid: 0 }, 'process_sort_index', { sort_index: pid }),
    metadata({ pid, tid: 0 }, 'thread_name', { name: 'run' }),
    ...(startedAt > createdAt ? [complete({ pid, tid: 0 }, 'queued', 'waiting', queued, {})] : []),
    complete({ pid, tid: 0 }, name, 'run', { start: startedAt, end: endedAt }, { phase, result, group }),
    ...run.tasks.flatMap((task, index) => taskEvents(run, task, { pid, tid: index + 1 })),
  ]
}

type Lane = Pick<TraceEvent, 'pid' | 'tid'>

function taskEvents(run: ReportRun, task: TaskView, lane: Lane): TraceEvent[] {
  const name = cleanName(task.name)
  const period = taskPeriod(task, run)
  const named = [metadata(lane, 'thread_name', { name }), metadata(lane, 'thread_sort_index', { sort_index: lane.tid })]
  if (period === null) return named
  const { status, timedout, failError } = task
  const args = { status, ...(timedout ? { timedout } : {}), ...(failError === '' ? {} : { error: failError }) }
  return [
    ...named,
    ...waitEvents(run, task, lane),
    complete(lane, name, 'task', period, args),
    ...[task.setup, ...task.steps].flatMap((step) => stepEvents(step, period, lane)),
  ]
}

/** A task that asks for approval waits for a slot until it asks, and for people after that. */
function waitEvents(run: ReportRun, task: TaskView, lane: Lane): TraceEvent[] {
  const wait = waitPeriod(task, run)
  if (wait === null) return []
  const asked = run.approvalsAskedAt.get(task.id)
  if (asked === undefined) return [complete(lane, 'waiting', 'waiting', wait, {})]
  const from = Math.min(Math.max(asked, wait.start), wait.end)
  const before = from > wait.start ? [complete(lane, 'waiting', 'waiting', { ...wait, end: from }, {})] : []
  return [...before, complete(lane, 'waiting for approval', 'waiting', { ...wait, start: from }, {})]
}

function stepEvents(step: StepView, task: Period, lane: Lane): TraceEvent[] {
  const period = stepPeriod(step, task)
  if (period === null) return []
  const { phase, type, exitStatus } = step
  const args = { phase, ...(exitStatus === null ? {} : { exit_status: exitStatus }) }
  return [complete(lane, cleanName(step.name), type, period, args)]
}

function complete(lane: Lane, name: string, cat: string, { start, end }: Period, args: TraceEvent['args']): TraceEvent {
  return { name, ph: 'X', ...lane, ts: start * 1000, dur: (end - start) * 1000, cat, args }
}

function metadata(lane: Lane, name: string, args: TraceEvent['args']): TraceEvent {
  return { name, ph: 'M', ...lane, args }
}

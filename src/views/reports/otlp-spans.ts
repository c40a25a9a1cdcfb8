import type { TimeMs } from '../../engine/model/ids.ts'
import { cleanName } from '../clean-text.ts'
import type { StepView, TaskView } from '../run-view.ts'
import { isKept, type Period, type ReportFacts, type ReportRun, stepPeriod, taskPeriod } from './report-run.ts'

/** A span in the JSON form of OTLP. */
export interface OtlpSpan {
  traceId: string
  spanId: string
  parentSpanId?: string
  traceState?: string
  name: string
  kind: 1 | 2
  startTimeUnixNano: string
  endTimeUnixNano: string
  attributes: OtlpAttribute[]
  /** 1 is success, 2 an error; without a code nothing is said. */
  status: { code?: 1 | 2; message?: string }
}

export interface OtlpAttribute {
  key: string
  value: { stringValue: string } | { intValue: string } | { boolValue: boolean }
}

/** Where the runs hang, as `TRACEPARENT` says. */
export interface ParentSpan {
  traceId: string
  spanId: string
  traceState: string
}

export interface OtlpOptions {
  facts: ReportFacts
  /** null: each run is a trace of its own. */
  parent: ParentSpan | null
  /** So many random bytes in hexadecimal. */
  randomHex: (bytes: number) => string
  /** What the environment says about the sender. */
  resource: Readonly<Record<string, string>>
}

const internal = 1
const server = 2
const textLengthMax = 1000

/** The spans of one run, the run's first, and the attributes of the resource that they belong to (OpenTelemetry's conventions for CI/CD). */
export function runSpans(run: ReportRun, options: OtlpOptions): { resource: OtlpAttribute[]; spans: OtlpSpan[] } {
  const { facts, parent, randomHex } = options
  const traceId = parent?.traceId ?? randomHex(16)
  const name = cleanName(run.name)
  const runId = `${facts.repoUuid}/${run.number}`
  const pipeline = { 'cicd.pipeline.name': name, 'cicd.pipeline.run.id': runId }
  const root: OtlpSpan = {
    traceId,
    spanId: randomHex(8),
    ...(parent === null ? {} : { parentSpanId: parent.spanId }),
    ...(parent === null || parent.traceState === '' ? {} : { traceState: parent.traceState }),
    name: `RUN ${name}`,
    kind: server,
    ...times({ start: run.startedAt, end: run.endedAt }),
    attributes: attributes({
      ...pipeline,
      'cicd.pipeline.action.name': 'RUN',
      'cicd.pipeline.result': runResult(run),
      ...(isFailure(runResult(run))
        ? { 'error.type': run.phase === 'setuperror' ? 'setup_error' : 'task_failed' }
        : {}),
      'agola.run.number': run.number,
      'agola.run.queued_ms': run.startedAt - run.createdAt,
    }),
    status: statusOf(runResult(run), run.setupErrors[0] ?? ''),
  }
  return {
    resource: attributes({ 'service.name': 'agola', ...options.resource, ...pipeline, ...sourceOf(facts) }),
    spans: [root, ...run.tasks.flatMap((task) => taskSpans(run, task, root, options))],
  }
}

type Result = 'success' | 'failure' | 'error' | 'timeout' | 'cancellation' | 'skip'

function runResult({ phase, result, tasks }: ReportRun): Result {
  if (phase === 'setuperror') return 'error'
  if (result === 'success') return 'success'
  if (phase === 'cancelled' || result === 'stopped') return 'cancellation'
  return tasks.some((task) => task.timedout) ? 'timeout' : 'failure'
}

function taskResult(task: TaskView): Result {
  if (task.timedout) return 'timeout'
  if (task.status === 'success' || task.status === 'skipped') return task.status === 'success' ? 'success' : 'skip'
  if (task.status !== 'failed') return 'cancellation'
  return task.steps.some(({ exitStatus }) => exitStatus !== null && exitStatus !== 0) ? 'failure' : 'error'
}

function taskSpans(run: ReportRun, task: TaskView, root: OtlpSpan, { facts, randomHex }: OtlpOptions): OtlpSpan[] {
  const period = taskPeriod(task, run)
  if (period === null || isKept(task)) return []
  const result = taskResult(task)
  const span: OtlpSpan = {
    ...childOf(root, randomHex),
    name: cleanName(task.name),
    ...times(period),
    attributes: attributes({
      'cicd.pipeline.task.name': cleanName(task.name),
      'cicd.pipeline.task.run.id': `${facts.repoUuid}/${run.number}/${task.id}`,
      'cicd.pipeline.task.run.result': result,
      ...(isFailure(result) ? { 'error.type': task.timedout ? 'timeout' : 'step_failed' } : {}),
    }),
    status: statusOf(result, task.failError),
  }
  return [span, ...[task.setup, ...task.steps].flatMap((step) => stepSpans(step, { task, period, span, randomHex }))]
}

interface TaskContext {
  task: TaskView
  period: Period
  span: OtlpSpan
  randomHex: OtlpOptions['randomHex']
}

function stepSpans(step: StepView, { task, period, span, randomHex }: TaskContext): OtlpSpan[] {
  const own = stepPeriod(step, period)
  if (own === null) return []
  const failed = step.phase === 'failed'
  return [
    {
      ...childOf(span, randomHex),
      name: cleanName(step.name),
      ...times(own),
      attributes: attributes({
        'cicd.pipeline.task.name': cleanName(task.name),
        'agola.step.name': cleanName(step.name),
        'agola.step.index': step.index,
        'agola.step.type': step.type,
        'agola.step.phase': step.phase,
        ...(step.exitStatus === null ? {} : { 'process.exit.code': step.exitStatus }),
        ...(failed ? { 'error.type': step.exitStatus === null ? 'not_run' : 'exit_code' } : {}),
      }),
      status: failed
        ? { code: 2, message: step.exitStatus === null ? 'could not run' : `exit code ${step.exitStatus}` }
        : step.phase === 'success'
          ? { code: 1 }
          : {},
    },
  ]
}

function childOf({ traceId, spanId, traceState }: OtlpSpan, randomHex: OtlpOptions['randomHex']) {
  const state = traceState === undefined ? {} : { traceState }
  return { traceId, spanId: randomHex(8), parentSpanId: spanId, ...state, kind: internal as typeof internal }
}

function isFailure(result: Result): boolean {
  return result === 'failure' || result === 'error' || result === 'timeout'
}

function statusOf(result: Result, message: string): OtlpSpan['status'] {
  if (isFailure(result)) return { code: 2, message: message === '' ? result : message.slice(0, textLengthMax) }
  return result === 'success' ? { code: 1 } : {}
}

function sourceOf({ commitSha, ref }: ReportFacts): Record<string, string> {
  const [, kind, name] = /^refs\/(heads|tags)\/(.+)$/.exec(ref) ?? []
  const type = kind === undefined ? {} : { 'vcs.ref.head.type': kind === 'heads' ? 'branch' : 'tag' }
  const revision = commitSha === '' ? {} : { 'vcs.ref.head.revision': commitSha }
  return { 'vcs.ref.head.name': name ?? ref, ...revision, ...type }
}

function times({ start, end }: Period) {
  return { startTimeUnixNano: nanoseconds(start), endTimeUnixNano: nanoseconds(end) }
}

function nanoseconds(time: TimeMs): string {
  return (BigInt(Math.round(time)) * 1_000_000n).toString()
}

function attributes(values: Readonly<Record<string, string | number | boolean>>): OtlpAttribute[] {
  return Object.entries(values).map(([key, value]) => ({ key, value: attributeValue(value) }))
}

function attributeValue(value: string | number | boolean): OtlpAttribute['value'] {
  if (typeof value === 'number') return { intValue: String(Math.round(value)) }
  return typeof value === 'boolean' ? { boolValue: value } : { stringValue: value.toWellFormed() }
}

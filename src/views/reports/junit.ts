import type { TimeMs } from '../../engine/model/ids.ts'
import { cleanName, withoutColour } from '../clean-text.ts'
import { currentStep, type StepView, type TaskView } from '../run-view.ts'
import { attribute, escapeText } from './escape-markup.ts'
import { isKept, type ReportRun } from './report-run.ts'

/** The end of a step's log as printable lines. */
export interface StepTail {
  lines: readonly string[]
  /** There was more before. */
  cut: boolean
}

export type ReadTail = (place: { run: number; task: string; step: number }) => Promise<StepTail>

const failureLines = 20

/** JUnit XML in pieces: a test suite for each task, a test case for each of its steps, and one for a set-up that went wrong.
 *  Failed steps are failures; what could not run or was stopped is an error; what was not reached is skipped. */
export async function* renderJunit(runs: readonly ReportRun[], readTail: ReadTail): AsyncGenerator<string> {
  const suites = runs.flatMap((run) => [...setupErrorSuite(run), ...run.tasks.map((task) => taskSuite(run, task))])
  const total = sumOf(suites.flatMap(({ cases }) => cases))
  const durationMs = runs.reduce((sum, run) => sum + (run.durationMs ?? 0), 0)
  yield `<?xml version="1.0" encoding="UTF-8"?>\n<testsuites name="agola"${countsOf(total)} time=${seconds(durationMs)}>\n`
  for (const suite of suites) yield* renderSuite(suite, readTail)
  yield '</testsuites>\n'
}

interface Suite {
  name: string
  className: string
  startedAt: TimeMs
  durationMs: number
  cases: Case[]
}

interface Case {
  name: string
  durationMs: number
  outcome: { kind: 'passed' } | { kind: 'skipped' | 'failure' | 'error'; message: string }
  log: { run: number; task: string; step: number } | null
  /** Why its log is not whole; null: it is. */
  cutLog: string | null
  note: string
}

function taskSuite(run: ReportRun, task: TaskView): Suite {
  const [runName, taskName] = [cleanName(run.name), cleanName(task.name)]
  const cases = [
    ...(task.setup.phase === 'failed' || task.setup.phase === 'stopped' ? [stepCase(run, task, task.setup)] : []),
    ...task.steps.map((step) => stepCase(run, task, step)),
  ]
  // A task can fail beside its steps, such as when its executor is gone.
  if ((task.status === 'failed' || task.status === 'stopped') && currentStep(task) === null) {
    const message = task.timedout ? 'timed out' : task.failError || task.status
    cases.push({ name: 'task', durationMs: 0, outcome: { kind: 'error', message }, log: null, cutLog: null, note: '' })
  }
  return {
    name: `${runName} / ${taskName}`,
    className: `${runName}.${taskName}`,
    startedAt: task.startedAt ?? run.startedAt,
    durationMs: task.durationMs ?? 0,
    cases,
  }
}

function setupErrorSuite(run: ReportRun): Suite[] {
  if (run.setupErrors.length === 0) return []
  const name = cleanName(run.name)
  const cases = run.setupErrors.map(
    (message): Case => ({
      name: 'set-up',
      durationMs: 0,
      outcome: { kind: 'error', message },
      log: null,
      cutLog: null,
      note: '',
    }),
  )
  return [{ name, className: name, startedAt: run.createdAt, durationMs: 0, cases }]
}

function stepCase(run: ReportRun, task: TaskView, step: StepView): Case {
  const hasRun = step.startedAt !== null
  return {
    name: cleanName(step.name),
    durationMs: step.durationMs ?? 0,
    outcome: outcomeOf(task, step),
    log: hasRun ? { run: run.number, task: task.id, step: step.index } : null,
    cutLog: step.cutLog,
    note: isKept(task) ? 'It succeeded in the run before and was kept.' : '',
  }
}

function outcomeOf(task: TaskView, step: StepView): Case['outcome'] {
  switch (step.phase) {
    case 'success':
      return { kind: 'passed' }
    case 'failed': {
      const why = [
        step.exitStatus === null ? 'could not run' : `exit code ${step.exitStatus}`,
        task.timedout ? 'timed out' : '',
      ]
      return {
        kind: step.exitStatus === null ? 'error' : 'failure',
        message: [...why, task.failError].filter((reason) => reason !== '').join(', '),
      }
    }
    case 'stopped':
      return task.timedout ? { kind: 'failure', message: 'timed out' } : { kind: 'error', message: 'stopped' }
    case 'running':
      return { kind: 'error', message: 'its end is not known' }
    case 'notstarted':
    case 'cancelled':
      return isKept(task) ? { kind: 'passed' } : { kind: 'skipped', message: whyNotReached(task) }
  }
}

function whyNotReached(task: TaskView): string {
  if (task.status === 'skipped') return 'the task was skipped'
  if (task.status === 'cancelled') return 'the task was cancelled'
  return task.status === 'notstarted' ? 'the task did not start' : 'not reached'
}

async function* renderSuite(suite: Suite, readTail: ReadTail): AsyncGenerator<string> {
  const timestamp = new Date(suite.startedAt).toISOString().slice(0, 19)
  yield `<testsuite name=${attribute(suite.name)}${countsOf(sumOf(suite.cases))} time=${seconds(suite.durationMs)} timestamp=${attribute(timestamp)}>\n`
  for (const each of suite.cases) {
    const tail = each.log === null ? { lines: [], cut: false } : await readTail(each.log)
    const end = each.cutLog === null ? [] : [`… ${each.cutLog}`]
    yield renderCase(each, suite.className, { ...tail, lines: [...tail.lines.map(withoutColour), ...end] })
  }
  yield '</testsuite>\n'
}

function renderCase({ name, durationMs, outcome, note }: Case, className: string, tail: StepTail): string {
  const start = `<testcase name=${attribute(name)} classname=${attribute(className)} time=${seconds(durationMs)}>`
  return `${start}${renderOutcome(outcome, tail)}${renderOutput(note, tail)}</testcase>\n`
}

function renderOutcome(outcome: Case['outcome'], { lines }: StepTail): string {
  if (outcome.kind === 'passed') return ''
  if (outcome.kind === 'skipped') return `<skipped message=${attribute(outcome.message)}/>`
  const body = [outcome.message, ...lines.slice(-failureLines)].join('\n')
  const { kind, message } = outcome
  return `<${kind} message=${attribute(message)} type=${attribute(kind)}>${escapeText(body)}</${kind}>`
}

function renderOutput(note: string, { lines, cut }: StepTail): string {
  const all = [...(note === '' ? [] : [note]), ...(cut ? ['… earlier output is left out'] : []), ...lines]
  return all.length === 0 ? '' : `<system-out>${escapeText(all.join('\n'))}</system-out>`
}

interface Counts {
  tests: number
  failures: number
  errors: number
  skipped: number
}

function sumOf(cases: readonly Case[]): Counts {
  const count = (kind: Case['outcome']['kind']) => cases.filter(({ outcome }) => outcome.kind === kind).length
  return { tests: cases.length, failures: count('failure'), errors: count('error'), skipped: count('skipped') }
}

function countsOf(counts: Counts): string {
  return Object.entries(counts)
    .map(([name, count]) => ` ${name}="${count}"`)
    .join('')
}

function seconds(ms: number): string {
  return `"${(ms / 1000).toFixed(3)}"`
}

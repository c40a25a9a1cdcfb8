import type { RunTaskStatus } from '../engine/model/run.ts'
import { cleanName, withoutColour } from './clean-text.ts'
import { type Colour, createPaint, type Paint } from './colour.ts'
import { formatDuration } from './format-duration.ts'
import { currentStep, type RunView, type StepView, type TaskView } from './run-view.ts'
import { padEnd, padStart, textWidth, truncate } from './text-width.ts'

export interface SummaryOptions {
  color: boolean
  /** Columns of the terminal; 0: no limit. */
  width: number
  /** The last lines of a step's log. */
  tail: (place: { run: number; task: string; step: number }, count: number) => readonly string[]
  /** What to type next, by what it does: the whole logs of failed tasks, another run. Called for runs that did not succeed. */
  nextCommands: (run: number, failedTasks: readonly FailedTask[]) => readonly { what: string; command: string }[]
}

export interface FailedTask {
  name: string
  /** How far it came, which says where it has a log. */
  begun: 'nothing' | 'setup' | 'steps'
}

const tailLines = 10
const nameWidthMax = 60
/** In a narrower terminal the mark has to say how a task went. */
const wordColumnsMin = 32

/** The end of an invocation: a table of tasks for each run, the last lines of each failed step, and what to type next. */
export function renderSummary(runs: readonly RunView[], options: SummaryOptions): string {
  const paint = createPaint(options.color)
  return runs.map((run) => renderRun(run, options, paint)).join('\n')
}

function renderRun(run: RunView, options: SummaryOptions, paint: Paint): string {
  const failed = run.tasks.filter((task) => task.status === 'failed')
  const parts = [
    heading(run, paint),
    ...run.setupErrors.map((error) => `  ${paint('red', error)}\n`),
    table(run, options, paint),
    ...failed.map((task) => failure(run, task, options, paint)),
    nextCommands(run, failed, options, paint),
  ]
  return parts.join('')
}

function heading(run: RunView, paint: Paint): string {
  const word = run.phase === 'finished' ? run.result : run.phase === 'setuperror' ? 'set-up error' : run.phase
  const colour: Colour = run.result === 'success' ? 'green' : run.result === 'stopped' ? 'yellow' : 'red'
  const duration = run.durationMs === null ? '' : ` in ${formatDuration(run.durationMs)}`
  return `\n${paint('bold', `run ${run.number} ${cleanName(run.name)}`)}  ${paint(colour, word)}${duration}\n`
}

function table(run: RunView, options: SummaryOptions, paint: Paint): string {
  const names = run.tasks.map((task) => cleanName(task.name))
  const isNarrow = options.width > 0 && options.width < wordColumnsMin
  const others = isNarrow ? 13 : 24
  const room = options.width === 0 ? nameWidthMax : Math.max(4, Math.min(nameWidthMax, options.width - others))
  const nameWidth = Math.min(room, Math.max(0, ...names.map(textWidth)))
  const rows = run.tasks.map((task, index) => {
    const name = padEnd(truncate(names[index] ?? '', nameWidth), nameWidth)
    const duration = task.durationMs === null || isUnstarted(task) ? '' : formatDuration(task.durationMs)
    if (isNarrow) return `  ${mark(task.status, paint)} ${name} ${duration}`.trimEnd()
    return `  ${mark(task.status, paint)} ${name}  ${padEnd(word(task), 9)} ${padStart(duration, 8)}`.trimEnd()
  })
  return rows.map((row) => `${row}\n`).join('')
}

function isUnstarted(task: TaskView): boolean {
  return task.status === 'skipped' || task.status === 'cancelled' || task.status === 'notstarted'
}

function word(task: TaskView): string {
  if (task.timedout) return 'timed out'
  if (task.status === 'notstarted') return task.waitingApproval ? 'waiting' : 'not run'
  return task.status
}

const marks: Record<RunTaskStatus, readonly [string, Colour]> = {
  success: ['✓', 'green'],
  failed: ['✗', 'red'],
  stopped: ['■', 'yellow'],
  skipped: ['-', 'grey'],
  cancelled: ['-', 'grey'],
  notstarted: ['·', 'grey'],
  running: ['●', 'cyan'],
}

/** One column that says how a task stands. */
export function mark(status: RunTaskStatus, paint: Paint): string {
  const [sign, colour] = marks[status]
  return paint(colour, sign)
}

function failure(run: RunView, task: TaskView, options: SummaryOptions, paint: Paint): string {
  const step = currentStep(task)
  const name = cleanName(task.name)
  const place = step === null ? name : `${name}/${cleanName(step.name)}`
  const why = [step === null ? '' : exitText(step), task.timedout ? 'timed out' : '', task.failError]
  const reasons = why.filter((reason) => reason !== '').join(', ')
  const lines = step === null ? [] : options.tail({ run: run.number, task: task.id, step: step.index }, tailLines)
  const printed = lines.map((line) => `  ${paint('grey', '│')} ${printable(line, options)}\n`)
  return `\n${paint('red', `✗ ${place}`)}${reasons === '' ? '' : `: ${reasons}`}\n${printed.join('')}`
}

function exitText(step: StepView): string {
  return step.exitStatus === null ? '' : `exit code ${step.exitStatus}`
}

/** A colour that a line leaves on must not run into the next one. */
function printable(line: string, options: SummaryOptions): string {
  if (!options.color) return withoutColour(line)
  return line.includes('\x1b') ? `${line}\x1b[0m` : line
}

function nextCommands(run: RunView, failed: readonly TaskView[], options: SummaryOptions, paint: Paint): string {
  if (run.phase !== 'finished' || run.result === 'success') return ''
  const tasks = failed.map((task) => ({ name: cleanName(task.name), begun: begunOf(task) }))
  const commands = options.nextCommands(run.number, tasks)
  const lines = commands.map(({ what, command }) => `${paint('grey', `${what}:`)} ${command}\n`)
  return lines.length === 0 ? '' : `\n${lines.join('')}`
}

function begunOf({ setup, steps }: TaskView): FailedTask['begun'] {
  if (steps.some(({ phase }) => phase !== 'notstarted')) return 'steps'
  return setup.phase === 'notstarted' ? 'nothing' : 'setup'
}

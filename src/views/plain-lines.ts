import type { TimeMs } from '../engine/model/ids.ts'
import type { ProgressEvent, StepRef, TaskRef } from '../engine/model/progress-event.ts'
import { cleanName, withoutColour } from './clean-text.ts'
import { type Colour, createPaint, type Paint, taskColour } from './colour.ts'
import { formatDuration } from './format-duration.ts'
import { type GroupStyle, LogGroups } from './log-groups.ts'
import { LogLines } from './log-lines.ts'
import { prefixLines } from './prefix-lines.ts'
import { textWidth, truncate } from './text-width.ts'

export interface PlainLinesOptions {
  color: boolean
  /** Columns of the terminal; 0: not one, so as wide as it needs. */
  width: number
  /** Fold the output of each step for this CI service. */
  groups?: GroupStyle | undefined
  /** Leave out what steps print, and that they went well. */
  quiet?: boolean | undefined
  /** What to type to approve a task. */
  approvalHint: (run: number, task: string) => string
  /** What to type to act on a paused task. */
  pauseHint?: ((verb: PauseVerb, run: number, task: string) => string) | undefined
}

export type PauseVerb = 'shell' | 'retry' | 'skip' | 'continue'

const pauseVerbs: Record<PauseVerb, string> = {
  shell: 'opens a shell in it',
  retry: 'takes over what was edited here and runs the step again',
  skip: 'goes on as if the step had succeeded',
  continue: 'lets the failure stand',
}

/** What to write where. Output of steps goes to standard output, everything else to standard error; with groups everything
 *  goes to standard output, because the two would not stay in order. */
export interface PlainText {
  stdout: string
  stderr: string
}

interface StepOutput {
  key: string
  lines: LogLines
  /** When the unfinished line began. */
  lineSince: TimeMs
  prefix: string
  place: string
  /** Colours that an earlier line of the step switched on. */
  colours: string
  lastOutputAt: TimeMs
}

const prefixWidthMax = 40
/** In fewer columns a task and a step would both be nothing but dots. */
const twoNamesWidthMin = 8
const silentMsMax = 30_000
/** The rest of a line has this time to come before its beginning is shown. */
const unfinishedMsMax = 250

/** Progress as lines, for pipes, CI and dumb terminals: each line of output behind `[task/step]`. Bounded memory, whatever
 *  steps print. */
export class PlainLines {
  readonly #options: PlainLinesOptions
  readonly #paint: Paint
  readonly #groups: LogGroups | null
  readonly #steps = new Map<string, StepOutput>()
  readonly #colours = new Map<string, Colour>()
  readonly #names = new Map<number, string>()
  #now: TimeMs = 0

  constructor(options: PlainLinesOptions) {
    this.#options = options
    this.#paint = createPaint(options.color)
    this.#groups = options.groups === undefined ? null : new LogGroups(options.groups)
  }

  /** The text for one more event. */
  write(event: ProgressEvent): PlainText {
    this.#now = Math.max(this.#now, event.time)
    switch (event.type) {
      case 'run_created':
        return this.#message(this.#runCreated(event))
      case 'task_started':
        return this.#message(this.#options.quiet ? '' : `${this.#taskPrefix(event.task)} started\n`)
      case 'step_started':
        return this.#stepStarted(event)
      case 'step_output':
        return { stdout: this.#output(event), stderr: '' }
      case 'step_finished':
        return this.#stepFinished(event)
      case 'task_finished':
        return this.#message(this.#taskFinished(event))
      case 'approval_required':
        return this.#message(this.#approvalRequired(event))
      case 'task_paused':
        return this.#message(this.#taskPaused(event))
      case 'task_resumed':
        return this.#taskResumed(event)
      case 'run_finished':
        return this.#runFinished(event)
    }
  }

  /** Lines that have been unfinished for a while. One that is too long to be shown waits for its end, to be one line. */
  flush(now: TimeMs): string {
    if (this.#options.quiet) return ''
    const shown = [...this.#steps.values()].filter(
      ({ lines, lineSince }) => !lines.isCut && now - lineSince >= unfinishedMsMax,
    )
    return shown.map((step) => this.#print(step, step.lines.flush())).join('')
  }

  /** One line for each running step that has printed nothing for half a minute, so that silence is not taken for a hang. */
  heartbeat(now: TimeMs): string {
    let text = ''
    for (const step of this.#steps.values()) {
      if (now - step.lastOutputAt < silentMsMax) continue
      step.lastOutputAt = now
      text += `${step.prefix}${this.#paint('grey', 'still running')}\n`
    }
    return text
  }

  #runCreated(event: Extract<ProgressEvent, { type: 'run_created' }>): string {
    const name = cleanName(event.name)
    this.#names.set(event.run, name)
    for (const [index, task] of event.tasks.entries()) this.#colours.set(task.id, taskColour(index))
    if (event.setupErrors.length > 0) {
      const errors = event.setupErrors.map((error) => `  ${error}\n`)
      return `${this.#paint('red', `run ${event.run} ${name} cannot start:`)}\n${errors.join('')}`
    }
    const tasks = event.tasks.length === 1 ? '1 task' : `${event.tasks.length} tasks`
    return `${this.#paint('bold', `run ${event.run} ${name}`)}: ${tasks}\n`
  }

  #stepStarted(event: Extract<ProgressEvent, { type: 'step_started' }>): PlainText {
    const key = keyOf(event)
    const place = `${cleanName(event.task.name)}/${cleanName(event.step.name)}`
    const prefix = `${this.#prefix(event.task, event.step)} `
    const [lines, lineSince, lastOutputAt] = [new LogLines(), event.time, event.time]
    this.#steps.set(key, { key, lines, lineSince, prefix, place, colours: '', lastOutputAt })
    this.#groups?.begin(key, place)
    return this.#message('')
  }

  #output(event: Extract<ProgressEvent, { type: 'step_output' }>): string {
    const step = this.#steps.get(keyOf(event))
    if (step === undefined) return ''
    step.lastOutputAt = event.time
    const wasUnfinished = step.lines.isUnfinished
    const lines = step.lines.push(event.data)
    if (lines !== '' || !wasUnfinished) step.lineSince = event.time
    return this.#options.quiet ? '' : this.#print(step, lines)
  }

  #print(step: StepOutput, lines: string): string {
    if (lines === '') return ''
    let text: string
    if (this.#options.color) {
      const prefixed = prefixLines(lines, step.prefix, step.colours)
      step.colours = prefixed.colours
      text = prefixed.text
    } else {
      text = prefixLines(withoutColour(lines), step.prefix, '').text
    }
    return this.#groups === null ? text : this.#groups.write(step.key, text, this.#now)
  }

  #stepFinished(event: Extract<ProgressEvent, { type: 'step_finished' }>): PlainText {
    const key = keyOf(event)
    const step = this.#steps.get(key)
    this.#steps.delete(key)
    let stdout = step === undefined || this.#options.quiet ? '' : this.#print(step, step.lines.end())
    stdout += this.#groups?.end(key, event.time) ?? ''
    const isTold = !this.#options.quiet || event.phase !== 'success'
    const message = this.#message(isTold ? `${this.#prefix(event.task, event.step)} ${this.#stepResult(event)}\n` : '')
    const annotation = this.#options.groups === 'github' ? errorAnnotation(event) : ''
    return { stdout: stdout + message.stdout + annotation, stderr: message.stderr }
  }

  #stepResult(event: Extract<ProgressEvent, { type: 'step_finished' }>): string {
    const after = `after ${formatDuration(event.durationMs)}`
    if (event.phase === 'success') return this.#paint('grey', `done ${after}`)
    if (event.phase !== 'failed') return this.#paint('yellow', `${event.phase} ${after}`)
    const code = event.exitStatus === null ? '' : ` with exit code ${event.exitStatus}`
    return this.#paint('red', `failed${code} ${after}`)
  }

  #taskFinished(event: Extract<ProgressEvent, { type: 'task_finished' }>): string {
    const prefix = this.#taskPrefix(event.task)
    if (event.status === 'skipped' || event.status === 'cancelled')
      return `${prefix} ${this.#paint('grey', event.status)}\n`
    const after = `after ${formatDuration(event.durationMs)}`
    const why = event.failError === '' ? '' : `: ${event.failError}`
    const status = event.timedout ? 'timed out' : event.status
    const colour = event.status === 'success' ? 'green' : event.status === 'failed' ? 'red' : 'yellow'
    return `${prefix} ${this.#paint(colour, `${status} ${after}${why}`)}\n`
  }

  #approvalRequired(event: Extract<ProgressEvent, { type: 'approval_required' }>): string {
    const hint = this.#options.approvalHint(event.run, cleanName(event.task.name))
    return `${this.#taskPrefix(event.task)} ${this.#paint('yellow', 'waits for approval')}: ${hint}\n`
  }

  #taskPaused(event: Extract<ProgressEvent, { type: 'task_paused' }>): string {
    const { exitStatus, until } = event
    const code = exitStatus === null ? '' : ` with exit code ${exitStatus}`
    // Of a pause that begins now there is nothing else to compare with.
    const left = formatDuration(Math.max(0, until - event.time))
    const head = `${this.#paint('yellow', `failed${code} and paused`)}: its pod is kept for ${left}`
    const step = this.#steps.get(keyOf(event))
    if (step !== undefined) step.lastOutputAt = until
    const { pauseHint } = this.#options
    const name = cleanName(event.task.name)
    const hints = Object.entries(pauseVerbs).flatMap(([verb, what]) =>
      pauseHint === undefined
        ? []
        : [`  ${pauseHint(verb as PauseVerb, event.run, name)}  ${this.#paint('grey', what)}\n`],
    )
    return `${this.#prefix(event.task, event.step)} ${head}\n${hints.join('')}`
  }

  #taskResumed(event: Extract<ProgressEvent, { type: 'task_resumed' }>): PlainText {
    const step = this.#steps.get(keyOf(event))
    if (step !== undefined) step.lastOutputAt = event.time
    return this.#message(`${this.#prefix(event.task, event.step)} ${this.#paint('grey', 'resumed')}\n`)
  }

  #runFinished(event: Extract<ProgressEvent, { type: 'run_finished' }>): PlainText {
    const stdout = this.#groups?.flush(event.time) ?? ''
    const good = event.result === 'success'
    const word = event.phase === 'finished' ? event.result : event.phase
    const result = this.#paint(good ? 'green' : 'red', `${word} after ${formatDuration(event.durationMs)}`)
    const message = this.#message(`run ${event.run} ${this.#names.get(event.run) ?? ''}: ${result}\n`)
    return { stdout: stdout + message.stdout, stderr: message.stderr }
  }

  #message(text: string): PlainText {
    return this.#groups === null ? { stdout: '', stderr: text } : { stdout: text, stderr: '' }
  }

  #taskPrefix(task: TaskRef): string {
    return this.#bracket(task, truncate(cleanName(task.name), this.#placeWidth()))
  }

  #prefix(task: TaskRef, step: StepRef): string {
    return this.#bracket(task, shortPlace(cleanName(task.name), cleanName(step.name), this.#placeWidth()))
  }

  /** With brackets and a space never more than half of a narrow terminal. */
  #placeWidth(): number {
    const { width } = this.#options
    const widthMax = width === 0 ? prefixWidthMax : Math.min(prefixWidthMax, Math.floor(width / 2))
    return Math.max(1, widthMax - 3)
  }

  #bracket(task: TaskRef, place: string): string {
    return this.#paint(this.#colours.get(task.id) ?? 'cyan', `[${place}]`)
  }
}

/** `task/step` in so many columns. The task is cut first: its steps must be told apart, so half of the room is theirs, where
 *  there is any. */
function shortPlace(task: string, step: string, width: number): string {
  if (width < twoNamesWidthMin) return truncate(`${task}/${step}`, width)
  const stepWidth = Math.min(textWidth(step), Math.ceil(width / 2))
  return truncate(`${truncate(task, width - 1 - stepWidth)}/${step}`, width)
}

/** GitHub shows it on the page of the workflow. */
function errorAnnotation(event: Extract<ProgressEvent, { type: 'step_finished' }>): string {
  if (event.phase !== 'failed') return ''
  const place = `${cleanName(event.task.name)}/${cleanName(event.step.name)}`
  const code = event.exitStatus === null ? '' : ` with exit code ${event.exitStatus}`
  return `::error::${place.replaceAll('%', '%25')} failed${code}\n`
}

function keyOf(event: { run: number; task: TaskRef; step: StepRef }): string {
  return `${event.run}/${event.task.id}/${event.step.index}`
}

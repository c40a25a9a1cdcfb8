import type { ProgressEvent } from '../engine/model/progress-event.ts'
import { withoutColour } from '../views/clean-text.ts'
import { jsonResult } from '../views/json-result.ts'
import type { GroupStyle } from '../views/log-groups.ts'
import { NdjsonLines } from '../views/ndjson.ts'
import { PlainLines } from '../views/plain-lines.ts'
import { type RunView, reduceRuns } from '../views/run-view.ts'
import { shellWord } from '../views/shell-word.ts'
import type { Output } from './output.ts'
import { RunRecord } from './run-record.ts'

/** Shows what happens to a person or a program. One is made for each invocation; every run goes through it. */
export interface Presenter {
  /** A person can approve here: tasks may wait for it as long as they want. */
  readonly offersApproval?: boolean
  event(event: ProgressEvent): Promise<void>
  /** What the engine has to say beside the runs: warnings of the config, notices of the snapshot. */
  notice(text: string): Promise<void>
  /** Shows what goes on, for a person who has asked; false: it is to be told as notices. */
  activity?(lines: readonly string[]): boolean
  /** Called now and then: unfinished lines, and a sign of life of steps that print nothing. */
  idle?(now: number): Promise<void>
  /** After the last event. */
  finish(facts: InvocationResult): Promise<void>
  /** Leaves the terminal as it was, however the command ends. Safe to call twice. */
  close?(): Promise<void>
}

export interface InvocationResult {
  repoUuid: string
  commitSha: string
  ref: string
  exitCode: number
}

export interface PresenterOptions {
  output: 'text' | 'json' | 'ndjson'
  quiet: boolean
  /** Of standard output. */
  color: boolean
  /** Of standard error, which may be a file beside a terminal. */
  errorColor: boolean
  /** Columns of the terminal; 0: none. */
  width: number
  groups: GroupStyle | undefined
  /** Whether the task is approved by a flag, so that nobody has to be told that it waits. */
  isApproved?: ((task: string) => boolean) | undefined
  /** The name by which this program was called, for hints. */
  bin: string
}

export function createPresenter(options: PresenterOptions, stdout: Output, stderr: Output): Presenter {
  if (options.output === 'ndjson') return new NdjsonPresenter(stdout, stderr)
  if (options.output === 'json') return new JsonPresenter(stdout, stderr)
  return new TextPresenter(options, stdout, stderr)
}

/** Lines. */
export class TextPresenter implements Presenter {
  readonly #options: PresenterOptions
  readonly #stdout: Output
  readonly #stderr: Output
  readonly #lines: PlainLines
  readonly #record = new RunRecord()

  constructor(options: PresenterOptions, stdout: Output, stderr: Output) {
    this.#options = options
    this.#stdout = stdout
    this.#stderr = stderr
    const { color, width, groups, quiet, bin } = options
    const approvalHint = (run: number, task: string) => `${bin} directrun approve ${run} ${shellWord(task)}`
    const pauseHint = (verb: string, run: number, task: string) =>
      `${bin} directrun ${verb} ${shellWord(task)} --run ${run}`
    this.#lines = new PlainLines({ color, width, groups, quiet, approvalHint, pauseHint })
  }

  async event(event: ProgressEvent): Promise<void> {
    this.#record.event(event)
    if (event.type === 'approval_required' && this.#options.isApproved?.(event.task.name)) return
    const { stdout, stderr } = this.#lines.write(event)
    await this.#stdout.write(stdout)
    await this.#writeError(stderr)
  }

  /** Takes in what was shown elsewhere already. */
  skip(event: ProgressEvent): void {
    this.#record.event(event)
    this.#lines.write(event)
  }

  async notice(text: string): Promise<void> {
    await this.#stderr.write(`${text}\n`)
  }

  async idle(now: number): Promise<void> {
    await this.#stdout.write(this.#lines.flush(now))
    await this.#writeError(this.#lines.heartbeat(now))
  }

  async finish(): Promise<void> {
    const { errorColor } = this.#options
    await this.#stderr.write(this.#record.summary({ ...this.#options, color: errorColor }))
  }

  #writeError(text: string): Promise<void> {
    return this.#stderr.write(this.#options.errorColor ? text : withoutColour(text))
  }
}

class NdjsonPresenter implements Presenter {
  readonly #stdout: Output
  readonly #stderr: Output
  readonly #lines = new NdjsonLines()

  constructor(stdout: Output, stderr: Output) {
    this.#stdout = stdout
    this.#stderr = stderr
  }

  async event(event: ProgressEvent): Promise<void> {
    await this.#stdout.write(this.#lines.write(event))
  }

  async notice(text: string): Promise<void> {
    await this.#stderr.write(`${text}\n`)
  }

  async finish(): Promise<void> {
    await this.#stdout.flush()
  }
}

class JsonPresenter implements Presenter {
  readonly #stdout: Output
  readonly #stderr: Output
  #runs: readonly RunView[] = []

  constructor(stdout: Output, stderr: Output) {
    this.#stdout = stdout
    this.#stderr = stderr
  }

  async event(event: ProgressEvent): Promise<void> {
    this.#runs = reduceRuns(this.#runs, event)
  }

  async notice(text: string): Promise<void> {
    await this.#stderr.write(`${text}\n`)
  }

  async finish(facts: InvocationResult): Promise<void> {
    await this.#stdout.write(`${JSON.stringify(jsonResult({ mode: 'local', ...facts }, this.#runs))}\n`)
  }
}

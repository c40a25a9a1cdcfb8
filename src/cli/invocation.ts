import type { DirectRun, DirectRunOptions } from '../engine/direct-run-interface.ts'
import { AgolaError, messageOf } from '../engine/model/errors.ts'
import type { ProgressEvent } from '../engine/model/progress-event.ts'
import type { Run } from '../engine/model/run.ts'
import type { RunWithConfig } from '../engine/ports/run-service.ts'
import { afterMs } from '../engine/std/after-ms.ts'
import { activityLines } from '../views/activity-lines.ts'
import { shellWord } from '../views/shell-word.ts'
import { ApprovalPrompt } from './approval-prompt.ts'
import { approvalsMissing } from './approvals.ts'
import { attachShell } from './attach-shell.ts'
import { hasControllingTerminal, openControllingTerminal } from './controlling-terminal.ts'
import { exitCodeOfRuns, exitCodeOfSignal, exitCodes } from './exit-code.ts'
import type { FailurePolicy } from './failure-policy.ts'
import { followRun } from './follow-run.ts'
import { isInForeground } from './foreground.ts'
import { type EndSignal, Interrupts } from './interrupts.ts'
import { Output } from './output.ts'
import { PausePrompt } from './pause-prompt.ts'
import { createPresenter, type Presenter } from './presenter.ts'
import { Prompt } from './prompt.ts'
import { noQuestions, type Questions, questionsAt } from './questions.ts'
import { openReports, type Reports } from './reports.ts'
import { screenPauses } from './screen-pauses.ts'
import { ScreenPresenter } from './screen-presenter.ts'
import { suspendProcess } from './suspend-process.ts'
import { isSomebodyThere, terminalOptions, type ViewFlags, wantsScreen } from './terminal.ts'

export interface InvocationOptions<Opened extends DirectRun> {
  /** Where relative files of reports are. */
  directory: string
  environment: NodeJS.ProcessEnv
  view: ViewFlags
  /** `KIND=FILE` each. */
  reports: readonly string[]
  approval: { tasks: readonly string[]; all: boolean }
  /** What becomes of a failing step. */
  onFailure: FailurePolicy
  /** null: none. */
  timeoutMs: number | null
  graceMs: number
  open: (options: DirectRunOptions, questions: Questions) => Promise<Opened>
  /** Once everything is shown and closed, unless a signal ended it. */
  afterwards?: () => Promise<void>
  /** Aborted when something else than a person wants the runs to stop; the reason says why. */
  stopSignal?: AbortSignal | undefined
  /** Each run once it is over. */
  onFinished?: ((run: RunWithConfig) => void) | undefined
  /** What the screen does when a restart is asked for; undefined: it offers none. */
  onRestart?: (() => Promise<void>) | undefined
  /** What it does when a person wants to quit for good; undefined: the end of the runs is the end. */
  onQuit?: (() => Promise<void>) | undefined
  /** May end the command before anything runs, by an exit code. */
  beforeStart?: (opened: Opened, output: { stdout: Output; presenter: Presenter }) => Promise<number | null>
}

/** How often unfinished lines are shown and silent steps are told about. */
const idleMs = 250
const escalationMsMax = 10_000

/** Opens, runs and shows, and gives the exit code. `outputFailed` when the runs were stopped because nothing more could be shown. */
export async function runInvocation<Opened extends DirectRun>(options: InvocationOptions<Opened>): Promise<number> {
  const invocation = new Invocation(options)
  const exitCode = await invocation.run().finally(() => invocation.close())
  await invocation.shown()
  if (exitCode < exitCodes.hangup) await options.afterwards?.()
  return exitCode
}

/** One command that runs something here, from its first signal handler to its exit code. */
class Invocation<Opened extends DirectRun> {
  readonly #options: InvocationOptions<Opened>
  readonly #stdout: Output
  readonly #stderr: Output
  readonly #presenter: Presenter
  readonly #interrupts: Interrupts
  /** null: nobody is there to ask. */
  readonly #prompt: Prompt | null
  readonly #approvals: ApprovalPrompt | null
  readonly #pauses: PausePrompt | null
  /** Aborted by a signal, or the end of the time, that comes before anything runs. */
  readonly #opening = new AbortController()
  readonly #finished: Run[] = []
  #opened: Opened | null = null
  #reports: Reports | null = null
  #numbers: number[] = []
  /** What is done while nothing runs. */
  #stage = 'starting'
  #timedOut = false
  /** Nothing is left to stop, and nobody to ask about it. */
  #isOver = false
  #hasAskedApproval = false
  #approvalMissing = false
  #idle: NodeJS.Timeout | undefined
  #cancelTimeout: () => void = () => undefined

  constructor(options: InvocationOptions<Opened>) {
    const { view, environment, graceMs } = options
    this.#options = options
    this.#stderr = new Output(process.stderr, () => undefined)
    this.#stdout = new Output(process.stdout, (failure) => this.#onOutputClosed(failure))
    this.#presenter = this.#createPresenter(view, environment)
    this.#interrupts = new Interrupts(
      {
        stop: (signal) => this.#onStop(signal),
        kill: () => this.#onKill(),
        leave: (signal) => process.exit(exitCodeOfSignal(signal)),
        describe: () => void this.#describe(),
      },
      { escalationMs: Math.min(graceMs, escalationMsMax), monotonicMs: () => performance.now() },
    )
    const isThere = isSomebodyThere(environment, { ...standardStreams(), isInForeground, hasControllingTerminal })
    this.#prompt = isThere ? this.#createPrompt() : null
    this.#approvals = this.#prompt !== null && view.output === 'text' ? this.#createApprovals(this.#prompt) : null
    this.#pauses = this.#prompt !== null && view.output === 'text' ? this.#createPauses(this.#prompt) : null
  }

  async run(): Promise<number> {
    this.#interrupts.listen(process)
    this.#options.stopSignal?.addEventListener('abort', () => this.#onStopSignal(), { once: true })
    const { reports, directory, environment, timeoutMs } = this.#options
    if (timeoutMs !== null) this.#cancelTimeout = afterMs(timeoutMs, () => this.#onTimeout())
    this.#reports = await openReports(reports, directory, environment)
    const opened = await this.#open()
    if (opened === null)
      return this.#interrupts.first === null ? exitCodes.stopped : exitCodeOfSignal(this.#interrupts.first)
    const early = await this.#options.beforeStart?.(opened, { stdout: this.#stdout, presenter: this.#presenter })
    if (early !== undefined && early !== null) return early
    this.#idle = setInterval(() => this.#onIdle(), idleMs)
    await this.#follow(opened)
    return await this.#finish(opened)
  }

  async close(): Promise<void> {
    clearInterval(this.#idle)
    this.#cancelTimeout()
    this.#approvals?.close()
    this.#pauses?.close()
    await this.#presenter.close?.()
    await this.#opened?.close()
    await this.#reports?.close()
    await this.#stdout.flush()
    await this.#stderr.flush()
    this.#interrupts.release(process)
  }

  /** `outputFailed`. */
  async shown(): Promise<void> {
    await this.#stdout.end()
  }

  #createPresenter(view: ViewFlags, environment: NodeJS.ProcessEnv): Presenter {
    const options = { ...terminalOptions(view, environment), isApproved: (task: string) => this.#isApproved(task) }
    const { stdin, stdout: terminal } = process
    if (!wantsScreen(view, environment, { ...standardStreams(), isInForeground }))
      return createPresenter(options, this.#stdout, this.#stderr)
    const controls = {
      interrupt: () => this.#interrupts.on('SIGINT'),
      describe: () => void this.#describe(),
      runs: () => this.#opened?.runs ?? null,
      restart: this.#options.onRestart,
      quit: this.#options.onQuit,
      // Nothing pauses unless that was asked for.
      pauses: this.#options.onFailure === 'stop' ? undefined : screenPauses(() => this.#opened?.pauses ?? null),
    }
    return new ScreenPresenter({ ...options, controls, stdin, terminal }, this.#stdout, this.#stderr)
  }

  #createPrompt(): Prompt {
    return new Prompt({
      open: openControllingTerminal,
      interrupt: () => this.#interrupts.on('SIGINT'),
      describe: () => void this.#describe(),
      suspend: suspendProcess,
      outputs: [this.#stdout, this.#stderr],
    })
  }

  #createApprovals(prompt: Prompt): ApprovalPrompt {
    return new ApprovalPrompt({
      ask: (question) => prompt.ask(question),
      approve: async (run, task) => await this.#opened?.runs.approve(run, task),
      stop: async (run) => await this.#opened?.runs.stop(run),
      tell: (text) => this.#tell(text),
      onGone: () => void this.#checkApprovals().catch((error: unknown) => this.#tell(messageOf(error))),
      isAskedElsewhere: () => this.#presenter.offersApproval === true,
      now: () => Date.now(),
    })
  }

  #createPauses(prompt: Prompt): PausePrompt {
    return new PausePrompt({
      opensShell: this.#options.onFailure === 'shell' && process.stdin.isTTY === true && process.stdout.isTTY === true,
      ask: (question) => prompt.ask(question),
      pauses: () => this.#opened?.pauses ?? null,
      attach: async (pauses, task) => {
        await Promise.all([this.#stdout.flush(), this.#stderr.flush()])
        return await attachShell(pauses, task, [])
      },
      tell: async (text) => {
        if (text !== '') await this.#presenter.notice(`agola: ${text}`)
      },
    })
  }

  /** null: a signal came first. */
  async #open(): Promise<Opened | null> {
    const { signal } = this.#opening
    try {
      const questions = this.#prompt === null ? noQuestions : questionsAt(this.#prompt, signal)
      const onNotice = (text: string) => void this.#presenter.notice(text)
      const onStage = (text: string) => {
        this.#stage = text
      }
      this.#opened = await this.#options.open({ signal, onNotice, onStage }, questions)
      return this.#opened
    } catch (error) {
      if (this.#interrupts.first !== null || this.#opening.signal.aborted) return null
      throw error
    }
  }

  async #follow(opened: Opened): Promise<void> {
    this.#numbers = await this.#start(opened)
    if (this.#opening.signal.aborted) await this.#stopAll()
    for (const number of this.#numbers) {
      const events = followRun(opened.runs, number, { now: () => Date.now(), signal: opened.broken })
      for await (const event of events) await this.#onEvent(opened, event)
      const finished = await opened.runs.get(number)
      this.#finished.push(finished.run)
      this.#options.onFinished?.(finished)
    }
  }

  /** Gives the numbers of the runs; none when a signal came first. Fails once nothing can be stored: what starts would try again and again. */
  async #start(opened: Opened): Promise<number[]> {
    const broken = Promise.withResolvers<never>()
    const onBroken = () => broken.reject(opened.broken.reason)
    opened.broken.addEventListener('abort', onBroken, { once: true })
    if (opened.broken.aborted) onBroken()
    try {
      return await Promise.race([opened.start(), broken.promise])
    } catch (error) {
      if (this.#opening.signal.aborted && !opened.broken.aborted) return []
      throw error
    } finally {
      opened.broken.removeEventListener('abort', onBroken)
    }
  }

  async #onEvent({ runs }: Opened, event: ProgressEvent): Promise<void> {
    if (event.type === 'step_finished' && event.cutLog !== null) this.#tell(event.cutLog)
    await this.#presenter.event(event)
    await this.#reports?.event(event)
    if (event.type === 'approval_required' && this.#isApproved(event.task.name)) {
      await runs.approve(event.run, event.task.id)
      return
    }
    this.#approvals?.event(event)
    // A screen has the terminal for itself.
    if (this.#presenter.offersApproval !== true) await this.#pauses?.event(event)
    if (event.type === 'task_paused') this.#tellPause(event)
    if (event.type === 'approval_required') this.#hasAskedApproval = true
    if (event.type === 'approval_required' || event.type === 'task_finished') await this.#checkApprovals()
  }

  #isApproved(task: string): boolean {
    const { all, tasks } = this.#options.approval
    return all || tasks.includes(task)
  }

  /** Where no lines tell it. */
  #tellPause({ run, task, step }: Extract<ProgressEvent, { type: 'task_paused' }>): void {
    if (this.#options.view.output === 'text') return
    const words = `agola directrun shell|retry|skip|continue ${shellWord(task.name)} --run ${run}`
    this.#tell(`${task.name}/${step.name} failed and is paused; from another terminal: ${words}`)
  }

  /** Gives up when nothing but an approval can let a run go on and nobody will give it. */
  async #checkApprovals(): Promise<void> {
    const isAsked = this.#presenter.offersApproval === true || this.#approvals?.isOpen === true
    if (!this.#hasAskedApproval || isAsked || this.#approvalMissing || this.#interrupts.first !== null) return
    for (const number of this.#numbers) {
      const run = await this.#opened?.runs.get(number)
      const waiting = run === undefined ? [] : approvalsMissing(run, this.#options.approval)
      if (waiting.length > 0) return await this.#giveUpWaiting(waiting)
    }
  }

  async #giveUpWaiting(waiting: readonly string[]): Promise<void> {
    this.#approvalMissing = true
    const flags = waiting.map((name) => `--approve ${JSON.stringify(name)}`).join(' ')
    const names = waiting.map((name) => JSON.stringify(name)).join(', ')
    this.#tell(
      `nothing else can run and nobody is here to approve ${names}: stopping. Run again with ${flags}, or --approve-all`,
    )
    await this.#stopAll()
  }

  async #finish(opened: Opened): Promise<number> {
    const { first } = this.#interrupts
    this.#approvals?.close()
    this.#pauses?.close()
    const result = this.#timedOut ? exitCodes.stopped : exitCodeOfRuns(this.#finished)
    const exitCode = first === null ? result : exitCodeOfSignal(first)
    clearInterval(this.#idle)
    this.#isOver = true
    this.#stage = 'everything is over; removing what is left of it'
    await opened.close()
    const problems = this.#reports?.finish(opened.facts)
    await this.#presenter.finish({ ...opened.facts, exitCode })
    for (const problem of (await problems) ?? []) await this.#stderr.write(`agola: ${problem}\n`)
    return exitCode
  }

  #onStop(signal: EndSignal): void {
    if (this.#numbers.length === 0) this.#opening.abort(new AgolaError('outcomeUnknown', `ended by ${signal}`))
    if (this.#opened === null) return
    this.#tell('stopping, press again to kill')
    void this.#stopAll()
  }

  #onStopSignal(): void {
    const { reason } = this.#options.stopSignal ?? {}
    if (this.#numbers.length === 0) this.#opening.abort(reason)
    else this.#tell(messageOf(reason))
    void this.#stopAll()
  }

  /** Why is told at the end, as of every error. */
  #onOutputClosed(failure: AgolaError | null): void {
    if (this.#isOver) return
    if (failure === null) this.#tell('standard output was closed: the run goes on unseen')
    else if (this.#numbers.length === 0) this.#opening.abort(failure)
    else {
      this.#tell('standard output cannot be written: stopping')
      void this.#stopAll()
    }
  }

  #onKill(): void {
    this.#tell('killing')
    void this.#opened?.kill()
  }

  #onIdle(): void {
    if (this.#pauses?.hasTerminal !== true) void this.#presenter.idle?.(Date.now())
  }

  #onTimeout(): void {
    if (this.#isOver) return
    this.#timedOut = true
    this.#tell('the time of --timeout is over: stopping')
    if (this.#numbers.length === 0) this.#opening.abort(new AgolaError('outcomeUnknown', 'ended by --timeout'))
    void this.#stopAll()
  }

  /** The last first, so that no queued run starts because the one before it has ended. Runs that are over need no stop. */
  async #stopAll(): Promise<void> {
    if (this.#isOver) return
    for (const number of this.#numbers.toReversed()) {
      try {
        await this.#opened?.runs.stop(number)
      } catch (error) {
        if (!(error instanceof AgolaError && error.code === 'runWrongPhase')) this.#tell(messageOf(error))
      }
    }
  }

  async #describe(): Promise<void> {
    const lines = await this.#activityLines()
    if (this.#presenter.activity?.(lines) === true) return
    for (const line of lines) this.#tell(line)
  }

  async #activityLines(): Promise<string[]> {
    try {
      const lines = activityLines((await this.#opened?.activity()) ?? [], Date.now())
      return lines.length > 0 ? lines : [this.#stage]
    } catch (error) {
      return [`${this.#stage}: ${messageOf(error)}`]
    }
  }

  #tell(text: string): void {
    void this.#presenter.notice(`agola: ${text}`)
  }
}

function standardStreams() {
  const { stdin, stdout, stderr } = process
  return { stdin, stdout, stderr }
}

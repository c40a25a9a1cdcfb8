import type { ProgressEvent } from '../engine/model/progress-event.ts'
import type { Runs } from '../engine/ports/runs.ts'
import type { PauseCallbacks, RunScreen, RunScreenCallbacks, RunScreenOptions } from '../views/run-screen.tsx'
import type { Output } from './output.ts'
import { type Presenter, type PresenterOptions, TextPresenter } from './presenter.ts'
import { readLogRange } from './read-log-range.ts'
import { RunRecord } from './run-record.ts'
import { suspendProcess } from './suspend-process.ts'

/** What the screen may do beside showing. */
export interface ScreenControls {
  /** Ctrl-C. */
  interrupt: () => void
  /** Ctrl-\. */
  describe: () => void
  /** null until the engine is open. */
  runs: () => Runs | null
  restart?: (() => Promise<void>) | undefined
  quit?: (() => Promise<void>) | undefined
  pauses?: PauseCallbacks | undefined
}

export interface ScreenPresenterOptions extends PresenterOptions {
  controls: ScreenControls
  stdin: NodeJS.ReadStream
  terminal: NodeJS.WriteStream
  /** Loads and starts the screen. */
  start?: ((options: RunScreenOptions) => Promise<RunScreen>) | undefined
}

/** Runs that are over before this get no screen: it would only flash, and their lines say more. */
const showAfterMs = 400
/** Output that is kept meanwhile. */
const earlyBytesMax = 64 * 1024

/** Runs on a screen of its own while they go on; then the summary, in the scroll-back that was left alone. When the screen breaks,
 *  lines go on where it was. */
export class ScreenPresenter implements Presenter {
  readonly #options: ScreenPresenterOptions
  readonly #stdout: Output
  readonly #stderr: Output
  readonly #record = new RunRecord()
  /** Everything so far but output, for lines to go on from. */
  readonly #told: ProgressEvent[] = []
  /** Everything so far while it is not known whether there will be a screen; null afterwards. */
  #early: ProgressEvent[] | null = []
  #earlyBytes = 0
  #timer: NodeJS.Timeout | undefined
  #starting: Promise<void> | null = null
  #screen: RunScreen | null = null
  /** What was said while the screen was there, for the scroll-back. */
  #notices: string[] = []
  #plain: TextPresenter | null = null
  /** Until the lines have caught up. */
  #catchingUp: Promise<void> = Promise.resolve()
  #finished = false

  constructor(options: ScreenPresenterOptions, stdout: Output, stderr: Output) {
    this.#options = options
    this.#stdout = stdout
    this.#stderr = stderr
  }

  get offersApproval(): boolean {
    return this.#plain === null
  }

  async event(event: ProgressEvent): Promise<void> {
    await this.#catchingUp
    if (this.#plain !== null) return await this.#plain.event(event)
    if (event.type !== 'step_output') this.#told.push(event)
    this.#record.event(event)
    if (this.#early === null) return await this.#show(event)
    this.#early.push(event)
    if (event.type === 'step_output') this.#earlyBytes += event.data.length
    this.#timer ??= setTimeout(() => void this.#start(), showAfterMs)
    if (event.type === 'approval_required' || this.#earlyBytes > earlyBytesMax) await this.#start()
  }

  async notice(text: string): Promise<void> {
    if (this.#screen === null) {
      await this.#stderr.write(`${text}\n`)
      return
    }
    this.#notices.push(text)
    this.#screen.notice(text)
  }

  activity(lines: readonly string[]): boolean {
    this.#screen?.activity(lines)
    return this.#screen !== null
  }

  async idle(now: number): Promise<void> {
    await this.#plain?.idle(now)
  }

  async finish(): Promise<void> {
    this.#finished = true
    clearTimeout(this.#timer)
    if (this.#starting === null) await this.#goOnInLines(this.#early ?? [])
    await this.close()
    if (this.#plain !== null) return await this.#plain.finish()
    const color = this.#options.errorColor
    await this.#stderr.write(this.#record.summary({ ...this.#options, color, width: this.#width() }))
  }

  async close(): Promise<void> {
    this.#finished = true
    clearTimeout(this.#timer)
    await this.#starting
    const screen = this.#screen
    this.#screen = null
    await screen?.finish()
    for (const text of this.#notices.splice(0)) await this.#stderr.write(`${text}\n`)
  }

  #start(): Promise<void> {
    clearTimeout(this.#timer)
    this.#starting ??= this.#open().catch((error: unknown) => this.#onCrash(error))
    return this.#starting
  }

  async #open(): Promise<void> {
    const { start = startScreen, stdin, terminal, color } = this.#options
    // Keys may be read to an end, or fail when the terminal goes away: that ends nothing but the reading.
    stdin.on('error', () => undefined)
    const screen = await start({
      stdout: terminal,
      stdin,
      color,
      now: () => Date.now(),
      callbacks: this.#callbacks(),
      readLog: async ({ run, task, step }, range) => {
        const runs = this.#options.controls.runs()
        return runs === null ? new Uint8Array() : await readLogRange(runs, { run, task, step }, range)
      },
    })
    const early = this.#early ?? []
    this.#early = null
    this.#screen = screen
    for (const event of early) screen.event(event)
  }

  #callbacks(): RunScreenCallbacks {
    const { controls } = this.#options
    return {
      onInterrupt: controls.interrupt,
      onDescribe: controls.describe,
      onSuspend: suspendProcess,
      onCrash: (error) => this.#onCrash(error),
      onRestart: controls.restart,
      onQuit: controls.quit,
      pauses: controls.pauses,
      onStop: async (run) => await controls.runs()?.stop(run),
      onApprove: async (run, task) => await controls.runs()?.approve(run, task),
    }
  }

  async #show(event: ProgressEvent): Promise<void> {
    try {
      this.#screen?.event(event)
    } catch (error) {
      await this.#screen?.finish()
      this.#onCrash(error)
    }
  }

  #onCrash(error: unknown): void {
    const early = this.#early ?? []
    this.#screen = null
    if (this.#finished) return
    const text = error instanceof Error ? error.message : String(error)
    const broken = `agola: the screen broke (${text}); --no-screen does without`
    this.#catchingUp = this.#goOnInLines(early, [...this.#notices.splice(0), broken])
  }

  /** `unseen` are events that were not shown yet. */
  async #goOnInLines(unseen: readonly ProgressEvent[], notices: readonly string[] = []): Promise<void> {
    this.#early = null
    const plain = new TextPresenter({ ...this.#options, width: this.#width() }, this.#stdout, this.#stderr)
    this.#plain = plain
    const first = unseen[0]
    for (const event of this.#told) {
      if (event === first) break
      plain.skip(event)
    }
    for (const text of notices) await plain.notice(text)
    for (const event of unseen) await plain.event(event)
  }

  /** The terminal may have another size than at the start. */
  #width(): number {
    return this.#options.terminal.columns ?? this.#options.width
  }
}

async function startScreen(options: RunScreenOptions): Promise<RunScreen> {
  const { startRunScreen } = await import('../views/run-screen.tsx')
  return startRunScreen(options)
}

import { hostname, userInfo } from 'node:os'
import { type DirectRun, type DirectRunRequest, openDirectRun } from '../engine/direct-run.ts'
import { AgolaError } from '../engine/model/errors.ts'
import type { ProgressEvent } from '../engine/model/progress-event.ts'
import type { Run } from '../engine/model/run.ts'
import { approvalsMissing } from './approvals.ts'
import { exitCodeOfRuns, exitCodeOfSignal, exitCodes } from './exit-code.ts'
import { followRun } from './follow-run.ts'
import { type EndSignal, Interrupts } from './interrupts.ts'
import { Output } from './output.ts'
import { parseDurationFlag } from './parse-duration-flag.ts'
import { createPresenter, type Presenter } from './presenter.ts'
import { terminalOptions, type ViewFlags } from './terminal.ts'

/** What the flags of `directrun start` say. */
export interface StartRequest {
  directory: string
  environment: NodeJS.ProcessEnv
  source: DirectRunRequest['source']
  selection: DirectRunRequest['selection']
  variables: Omit<DirectRunRequest['variables'], 'askHidden'>
  engine: Omit<DirectRunRequest['engine'], 'graceMs' | 'askForHost'> & { grace: string }
  approval: { tasks: readonly string[]; all: boolean }
  timeout: string | undefined
  strict: boolean
  list: boolean
  allowEmpty: boolean
  view: ViewFlags
}

/** How often unfinished lines are shown and silent steps are told about. */
const idleMs = 250

/** Runs the config of the repository around `directory` and gives the exit code. */
export async function startDirectRun(request: StartRequest): Promise<number> {
  const invocation = new Invocation(request)
  try {
    return await invocation.run()
  } finally {
    await invocation.close()
  }
}

/** One `directrun start`, from its first signal handler to its exit code. */
class Invocation {
  readonly #request: StartRequest
  readonly #stdout: Output
  readonly #stderr: Output
  readonly #presenter: Presenter
  readonly #interrupts: Interrupts
  /** Aborted by a signal that comes before anything runs. */
  readonly #opening = new AbortController()
  readonly #finished: Run[] = []
  #directRun: DirectRun | null = null
  #numbers: number[] = []
  #timedOut = false
  #approvalMissing = false
  #idle: NodeJS.Timeout | undefined
  #timeout: NodeJS.Timeout | undefined

  constructor(request: StartRequest) {
    this.#request = request
    this.#stderr = new Output(process.stderr, () => undefined)
    this.#stdout = new Output(process.stdout, () =>
      this.#tell('standard output was closed: the run goes on without showing its output'),
    )
    this.#presenter = createPresenter(terminalOptions(request.view, request.environment), this.#stdout, this.#stderr)
    this.#interrupts = new Interrupts(
      {
        stop: (signal) => this.#onStop(signal),
        kill: () => this.#onKill(),
        leave: (signal) => process.exit(exitCodeOfSignal(signal)),
        describe: () => this.#describe(),
      },
      {
        escalationMs: Math.min(parseDurationFlag('grace', request.engine.grace), 10_000),
        monotonicMs: () => performance.now(),
      },
    )
  }

  async run(): Promise<number> {
    const { engine, timeout } = this.#request
    const graceMs = parseDurationFlag('grace', engine.grace)
    const timeoutMs = timeout === undefined ? null : parseDurationFlag('timeout', timeout)
    this.#interrupts.listen(process)
    try {
      this.#directRun = await this.#open(graceMs)
    } catch (error) {
      if (this.#interrupts.first !== null) return exitCodeOfSignal(this.#interrupts.first)
      throw error
    }
    if (this.#request.list) return await this.#list(this.#directRun)
    if (this.#directRun.compiled.length === 0) return await this.#nothingToRun(this.#directRun)
    // The timer also keeps the process alive while it waits for the engine.
    this.#idle = setInterval(() => void this.#presenter.idle?.(Date.now()), idleMs)
    if (timeoutMs !== null) this.#timeout = setTimeout(() => this.#onTimeout(timeout ?? ''), timeoutMs)
    await this.#follow(this.#directRun)
    return await this.#finish(this.#directRun)
  }

  async close(): Promise<void> {
    clearInterval(this.#idle)
    clearTimeout(this.#timeout)
    await this.#directRun?.close()
    await this.#stdout.flush()
    await this.#stderr.flush()
    this.#interrupts.release(process)
  }

  #open(graceMs: number): Promise<DirectRun> {
    const { directory, environment, source, selection, variables, engine, strict, list } = this.#request
    const { grace: _, ...rest } = engine
    return openDirectRun(
      {
        directory,
        environment,
        source,
        selection,
        variables: { ...variables, askHidden: null },
        strict,
        engine: { ...rest, graceMs, askForHost: null },
        approver: `local:${userInfo().username}@${hostname()}`,
        plan: list,
        debug: this.#request.view.debug,
      },
      { signal: this.#opening.signal, onNotice: (text) => void this.#presenter.notice(text) },
    )
  }

  async #list({ compiled }: DirectRun): Promise<number> {
    const { output } = this.#request.view
    const runs = compiled.map(({ name, tasks }) => ({
      name,
      tasks: Object.values(tasks).map((task) => ({
        name: task.name,
        skip: task.skip,
        approval: task.needsApproval,
        depends: Object.values(task.depends).map(({ taskId }) => tasks[taskId]?.name ?? ''),
      })),
    }))
    if (output !== 'text') await this.#stdout.write(`${JSON.stringify({ runs })}\n`)
    else {
      for (const run of runs) {
        const lines = run.tasks.map(({ name, skip, approval, depends }) => {
          const notes = [
            skip ? 'skipped by when' : '',
            approval ? 'needs approval' : '',
            depends.length > 0 ? `after ${depends.join(', ')}` : '',
          ]
          const text = notes.filter((note) => note !== '').join('; ')
          return `  ${name}${text === '' ? '' : `  (${text})`}\n`
        })
        await this.#stdout.write(`${run.name}\n${lines.join('')}`)
      }
    }
    return runs.length > 0 || this.#request.allowEmpty ? exitCodes.success : exitCodes.nothingToRun
  }

  async #nothingToRun({ facts, skipped }: DirectRun): Promise<number> {
    const names = skipped.map(({ name }) => JSON.stringify(name)).join(', ')
    const why = names === '' ? 'the config has no run' : `no run matches: the \`when\` of ${names} leaves it out`
    await this.#presenter.notice(
      `nothing to run for ${facts.ref}: ${why}. --branch, --tag or --ref run as another ref.`,
    )
    const exitCode = this.#request.allowEmpty ? exitCodes.success : exitCodes.nothingToRun
    await this.#presenter.finish({ ...facts, exitCode })
    return exitCode
  }

  async #follow(directRun: DirectRun): Promise<void> {
    this.#numbers = await directRun.start()
    if (this.#interrupts.first !== null) await this.#stopAll()
    for (const number of this.#numbers) {
      for await (const event of followRun(directRun.runs, number, { now: () => Date.now() }))
        await this.#onEvent(directRun, event)
      this.#finished.push((await directRun.runs.get(number)).run)
    }
  }

  async #onEvent({ runs }: DirectRun, event: ProgressEvent): Promise<void> {
    await this.#presenter.event(event)
    if (event.type === 'approval_required') {
      const { tasks, all } = this.#request.approval
      if (all || tasks.includes(event.task.name)) return await runs.approve(event.run, event.task.id)
    }
    if (event.type !== 'approval_required' && event.type !== 'task_finished') return
    const waiting = approvalsMissing(await runs.get(event.run), this.#request.approval)
    if (waiting.length === 0 || this.#approvalMissing) return
    this.#approvalMissing = true
    const flags = waiting.map((name) => `--approve ${JSON.stringify(name)}`).join(' ')
    await this.#presenter.notice(
      `nothing else can run, and nobody is here to approve ${waiting.join(', ')}: stopping. Run again with ${flags} or --approve-all.`,
    )
    await this.#stopAll()
  }

  async #finish(directRun: DirectRun): Promise<number> {
    const { first } = this.#interrupts
    const exitCode =
      first !== null ? exitCodeOfSignal(first) : this.#timedOut ? exitCodes.stopped : exitCodeOfRuns(this.#finished)
    clearInterval(this.#idle)
    await directRun.close()
    await this.#presenter.finish({ ...directRun.facts, exitCode })
    return exitCode
  }

  #onStop(signal: EndSignal): void {
    if (this.#directRun === null) {
      this.#opening.abort(new AgolaError('outcomeUnknown', `ended by ${signal}`))
      return
    }
    this.#tell('stopping, press again to kill')
    void this.#stopAll()
  }

  #onKill(): void {
    this.#tell('killing')
    void this.#directRun?.kill()
  }

  #onTimeout(timeout: string): void {
    this.#timedOut = true
    this.#tell(`not done after ${timeout}: stopping`)
    void this.#stopAll()
  }

  /** Runs that have ended meanwhile need no stop. */
  async #stopAll(): Promise<void> {
    const runs = this.#directRun?.runs
    const results = await Promise.allSettled(this.#numbers.toReversed().map((number) => runs?.stop(number)))
    for (const result of results) {
      if (
        result.status === 'rejected' &&
        !(result.reason instanceof AgolaError && result.reason.code === 'runWrongPhase')
      )
        this.#tell(String(result.reason))
    }
  }

  #describe(): void {
    for (const line of this.#directRun?.describe() ?? ['nothing runs yet']) this.#tell(line)
  }

  #tell(text: string): void {
    void this.#presenter.notice(`agola: ${text}`)
  }
}

import { isApprovalReached } from '../decide/run-actions.ts'
import { startQueued } from '../decide/start-queued.ts'
import { AgolaError, hasCode, messageOf } from '../model/errors.ts'
import type { RunId } from '../model/ids.ts'
import { isRunFinished, type Run } from '../model/run.ts'
import type { Clock } from '../ports/clock.ts'
import type { Log } from '../ports/log.ts'
import type { RunService, RunSummary } from '../ports/run-service.ts'
import { ChangeSignal } from '../std/change-signal.ts'
import { type LoopService, runLoop } from '../std/run-loop.ts'

export interface SchedulerOptions {
  runService: RunService
  clock: Clock
  log: Log
  /** Runs of the same scope run one after the other; null: not ours to start. Default: the run group. */
  scopeOf?: (run: RunSummary) => string | null
}

/** Pause between looks for what an event did not tell. */
const intervalMs = 10_000
const retryMs = 1000
const changed = 'runs'

/** Starts the next queued run of each scope as soon as none of it is running, and approves tasks that have enough approvers: a
 *  client of the runservice like any other. Several may work at the same time (spec/runs.md 5, 6). */
export class Scheduler implements LoopService {
  readonly name = 'scheduler'
  readonly #options: SchedulerOptions
  readonly #followed = new Set<RunId>()
  readonly #closed = new AbortController()
  readonly #changes = new ChangeSignal()
  #isStarted = false
  #work: Promise<unknown> = Promise.resolve()

  constructor(options: SchedulerOptions) {
    this.#options = options
  }

  /** Works until `close`, from every change of a run to the next. */
  start(): void {
    const { signal } = this.#closed
    this.#isStarted = true
    const work = (loop: AbortSignal) => this.#changes.after(changed, this.#changes.version(changed), loop)
    this.#work = Promise.all([
      this.#followEvents(signal),
      runLoop(this, { ...this.#options, intervalMs, work }, signal),
    ])
  }

  async close(): Promise<void> {
    this.#closed.abort(new AgolaError('storeClosed', 'the scheduler is closed'))
    await this.#work
  }

  async step(signal?: AbortSignal): Promise<void> {
    const running = await this.#startQueued(signal)
    for (const { id } of running) await this.#lookAfter(id, signal)
  }

  /** Returns the runs of this scheduler that are running. */
  async #startQueued(signal: AbortSignal | undefined): Promise<RunSummary[]> {
    const { runService, scopeOf = (run) => run.group } = this.#options
    // In this order: a run that another scheduler starts between the two looks is seen in both, and in neither never.
    const queued = await runService.listRuns({ phases: ['queued'], ascending: true }, { signal })
    const running = await runService.listRuns({ phases: ['running'], ascending: true }, { signal })
    const starting = startQueued(queued.runs, running.runs, scopeOf)
    for (const run of starting) await this.#unlessSomebodyWas(runService.changeRunPhase(run.id, 'running'))
    return [...running.runs, ...starting].filter((run) => scopeOf(run) !== null)
  }

  /** Approves what can be, now and, where tasks of the run need approval at all, after each of its changes. */
  async #lookAfter(runId: RunId, signal: AbortSignal | undefined): Promise<void> {
    if (this.#followed.has(runId)) return
    const { run, runConfig } = await this.#options.runService.getRun(runId, { signal })
    if (!Object.values(runConfig.tasks).some((task) => task.needsApproval)) return
    await this.#approve(run)
    if (this.#isStarted && !isRunFinished(run.phase)) void this.#follow(runId)
  }

  async #follow(runId: RunId): Promise<void> {
    const { signal } = this.#closed
    this.#followed.add(runId)
    try {
      for await (const run of this.#options.runService.watchRun(runId, { signal })) {
        if (isRunFinished(run.phase)) break
        await this.#approve(run)
      }
    } catch (error) {
      if (!signal.aborted) this.#options.log.warn('following a run failed', { run: runId, error: messageOf(error) })
    } finally {
      this.#followed.delete(runId)
    }
  }

  async #approve(run: Run): Promise<void> {
    for (const task of Object.values(run.tasks)) {
      if (!isApprovalReached(task, run.annotations)) continue
      await this.#unlessSomebodyWas(this.#options.runService.approveTask(run.id, task.id))
    }
  }

  /** Another scheduler or a person may have been faster, or the run may be over: what we wanted is no longer to be done. */
  async #unlessSomebodyWas(action: Promise<void>): Promise<void> {
    try {
      await action
    } catch (error) {
      const isSettled = hasCode(
        error,
        'runWrongPhase',
        'runDoesNotExist',
        'runTaskAlreadyApproved',
        'runTaskNotWaitingApproval',
      )
      if (!isSettled) throw error
    }
  }

  async #followEvents(signal: AbortSignal): Promise<void> {
    const { runService, clock, log } = this.#options
    while (!signal.aborted) {
      try {
        const last = await runService.lastRunEvent({ signal })
        this.#changes.changed(changed)
        for await (const _ of runService.watchRunEvents(last, { signal })) this.#changes.changed(changed)
      } catch (error) {
        if (signal.aborted) return
        log.warn('following run events failed', { error: messageOf(error) })
        await clock.sleep(retryMs, signal).catch(() => undefined)
      }
    }
  }
}

import type { TaskPlace } from '../model/activity.ts'
import { type CacheLookup, cacheLookupCharsMax, cacheLookupsMax } from '../model/cache-lookup.ts'
import { AgolaError, hasCode, messageOf } from '../model/errors.ts'
import type {
  ExecutorStep,
  ExecutorTaskStatus,
  ExecutorTaskStepStatus,
  ExecutorTaskWithSpec,
} from '../model/executor-task.ts'
import type { ExecutorTaskId } from '../model/ids.ts'
import { type ExecutionPhase, isExecutionFinished, type TaskPause } from '../model/run.ts'
import type { Clock } from '../ports/clock.ts'
import type { ExecutorRunService } from '../ports/executor-run-service.ts'
import type { TtySize } from '../ports/pod-driver.ts'
import type { Random } from '../ports/random.ts'
import type { SourceProvider } from '../ports/source-provider.ts'
import { alarm } from '../std/alarm.ts'
import { LatestSender } from './latest-sender.ts'
import { LogFile } from './log-file.ts'
import type { LogMask } from './log-mask.ts'
import type { PauseDecision, PausedStep, PausedSteps } from './paused-steps.ts'
import { describePodEnd, endOfPod } from './pod-end.ts'
import type { PodSetUp } from './pod-set-up.ts'
import type { ReadyPod } from './ready-pod.ts'
import type { AddMask } from './step-output.ts'
import { applyChange } from './steps/apply-change.ts'
import { openShell } from './steps/open-shell.ts'
import { runStep } from './steps/run-step.ts'
import type { StepContext } from './steps/step-context.ts'
import type { TaskFiles } from './task-files.ts'
import { TimeLimit } from './time-limit.ts'

const killedExitCode = 137
/** Set-ups that take so long are told of. The end of a shorter one comes soon enough, and to write both down holds up others. */
const setUpToldAfterMs = 50

export interface TaskRunOptions {
  runService: ExecutorRunService
  sources: SourceProvider
  clock: Clock
  random: Random
  files: TaskFiles
  ttySize: TtySize
  stopGraceMs: number
  imagesWithoutGit: Set<string>
  /** What a line of a step's output may mask; null: lines say nothing. */
  addMask: AddMask | null
  /** Where failing steps wait for a decision; null: they do not. */
  pauses: PausedSteps | null
  /** Starts the set-up, or takes over one that was prepared. */
  setUp: () => Promise<PodSetUp>
  /** Takes the pod away, unless pods of tasks that end so are kept; failing is left to the pods cleaner. */
  releasePod: (setUp: PodSetUp, phase: ExecutorTaskStatus['phase']) => Promise<void>
  onReportFailure: (error: unknown) => void
  /** The task no longer counts as active. */
  onFinished: () => void
}

/** One executor task from its set-up to its end (spec/executor.md 7, spec/runs.md 18.2). */
export class TaskRun {
  readonly id: ExecutorTaskId
  readonly status: ExecutorTaskStatus
  /** Resolves when its final status is acknowledged, or the task dropped. Never rejects. */
  readonly reported: Promise<void>
  /** As `reported`, and its pod is gone. */
  readonly done: Promise<void>
  readonly #task: ExecutorTaskWithSpec
  readonly #mask: LogMask
  readonly #options: TaskRunOptions
  readonly #reports: LatestSender<ExecutorTaskStatus>
  readonly #logs = new Map<number | null, LogFile>()
  readonly #interrupted = new AbortController()
  readonly #killed = new AbortController()
  readonly #timeLimit: TimeLimit
  #pod: ReadyPod | undefined
  #stopRequested: boolean
  #timedOut = false
  /** A stop or the timeout came to the step that was running, and not only after it. */
  #stepWasInterrupted = false

  constructor(task: ExecutorTaskWithSpec, mask: LogMask, options: TaskRunOptions) {
    this.id = task.id
    this.#task = task
    this.#mask = mask
    this.#options = options
    this.#stopRequested = task.stop
    this.#timeLimit = new TimeLimit(task.spec.taskTimeoutIntervalMs, options.clock, () => {
      this.#timedOut = true
      this.#interrupted.abort(new Error('the task ran longer than its timeout'))
    })
    this.status = structuredClone(task.status)
    this.#reports = new LatestSender({
      clock: options.clock,
      send: (status, signal) => options.runService.sendExecutorTaskStatus(task.id, status, { signal }),
      onFailure: options.onReportFailure,
    })
    const reported = Promise.withResolvers<void>()
    this.reported = reported.promise
    this.done = this.#run(reported.resolve)
  }

  get isFinished(): boolean {
    return isExecutionFinished(this.status.phase)
  }

  get place(): TaskPlace {
    const { runId, runTaskId } = this.#task
    const setUpMessage = this.log(null)?.lastLine ?? ''
    return { runId, runTaskId, isWaiting: false, setUpMessage, entrance: this.#pod?.pod.entrance ?? null }
  }

  /** The log of a step while it is being written; `step` null is the set-up's. */
  log(step: number | null): LogFile | undefined {
    return this.#logs.get(step)
  }

  /** Ends the current step gracefully, and the task with it. */
  stop(): void {
    this.#stopRequested = true
    this.#interrupted.abort(new Error('the task was stopped'))
  }

  /** As `stop`, at once: nothing in the pod is waited for. */
  kill(): void {
    this.stop()
    this.#killed.abort(new Error('the task was killed'))
  }

  /** The runservice no longer knows the task: it ends, and nobody is told. */
  drop(): void {
    this.#reports.close()
    this.kill()
  }

  /** Gives up reporting. */
  closeReports(): void {
    this.#reports.close()
  }

  async #run(onReported: () => void): Promise<void> {
    const { status } = this
    status.phase = 'running'
    status.startTime = this.#now()
    status.setupStep = { phase: 'running', exitStatus: null, startTime: status.startTime, endTime: null }
    let setUp: PodSetUp | undefined
    const cancelReport = alarm(this.#options.clock, setUpToldAfterMs, () => this.#report())
    try {
      setUp = await this.#options.setUp()
      this.#pod = await this.#finishSetUp(setUp).finally(cancelReport)
      if (this.#pod !== undefined) await this.#runSteps(this.#pod)
    } catch (error) {
      cancelReport()
      this.#fail(error)
      if (status.setupStep.phase === 'running') this.#endSetUp('failed')
    }
    this.#finish()
    const released = setUp && this.#options.releasePod(setUp, status.phase)
    await this.#reports.idle()
    onReported()
    await released
  }

  /** undefined when there is no pod to run steps in. */
  async #finishSetUp(setUp: PodSetUp): Promise<ReadyPod | undefined> {
    this.#logs.set(null, setUp.log)
    const giveUp = () => setUp.giveUp(this.#interrupted.signal.reason)
    this.#interrupted.signal.addEventListener('abort', giveUp, { once: true })
    if (this.#interrupted.signal.aborted) giveUp()
    try {
      const pod = await setUp.ready
      this.#endSetUp('success')
      return pod
    } catch (error) {
      if (!this.#stopRequested) this.#fail(error)
      setUp.log.line(this.#stopRequested ? 'stopped' : `error: ${messageOf(error)}`)
      this.#endSetUp(this.#stopRequested ? 'stopped' : 'failed')
      return undefined
    } finally {
      this.#interrupted.signal.removeEventListener('abort', giveUp)
      await setUp.log.close()
      this.#logs.delete(null)
      this.status.setupStep.logBytes = setUp.log.sizeBytes
    }
  }

  async #runSteps(pod: ReadyPod): Promise<void> {
    this.#timeLimit.resume()
    try {
      for (const [index, step] of this.#task.spec.steps.entries()) {
        if (this.#interrupted.signal.aborted) return
        const phase = await this.#runStep(index, step, pod)
        if (phase !== 'success') return
        // The end of the last step is reported with the end of the task.
        if (index + 1 < this.#task.spec.steps.length) this.#report()
      }
    } finally {
      this.#timeLimit.pause()
    }
  }

  async #runStep(index: number, step: ExecutorStep, pod: ReadyPod): Promise<ExecutionPhase> {
    const log = await LogFile.create(this.#options.files.log(this.id, index), this.#mask)
    this.#logs.set(index, log)
    const status: ExecutorTaskStepStatus = {
      ...{ phase: 'running', exitStatus: null, startTime: this.#now(), endTime: null },
    }
    this.status.steps[index] = status
    this.#report()
    const outcome = await this.#lastOutcomeOf(step, this.#contextOf(index, pod, log, status))
    await log.close()
    this.#logs.delete(index)
    this.status.steps[index] = { ...status, ...outcome, endTime: this.#now(), logBytes: log.sizeBytes }
    return outcome.phase
  }

  #contextOf(index: number, pod: ReadyPod, log: LogFile, status: ExecutorTaskStepStatus): StepContext {
    const { files, runService, sources, clock, random, ttySize, stopGraceMs, imagesWithoutGit, addMask } = this.#options
    return {
      ...{ task: this.#task, index, pod, log, files, runService, sources, clock, random, ttySize, stopGraceMs },
      interrupted: AbortSignal.any([this.#interrupted.signal, log.failed]),
      killed: AbortSignal.any([this.#killed.signal, log.failed]),
      imagesWithoutGit,
      addMask,
      noteInterrupted: () => {
        this.#stepWasInterrupted = true
      },
      noteCache: (lookup) => {
        status.cache = [...(status.cache ?? []), this.#masked(lookup)].slice(0, cacheLookupsMax)
      },
    }
  }

  #masked(lookup: CacheLookup): CacheLookup {
    const shown = (text: string) => this.#mask.text(text).slice(0, cacheLookupCharsMax)
    const { template, key, entry } = lookup
    return { ...lookup, template: shown(template), key: shown(key), entry: entry === null ? null : shown(entry) }
  }

  /** Of the first try, or, where failing steps are paused, of the one that nobody wants to repeat. */
  async #lastOutcomeOf(step: ExecutorStep, context: StepContext): Promise<StepOutcome> {
    for (;;) {
      const outcome = await this.#outcomeOf(step, context)
      const decision = await this.#decisionAbout(outcome, step, context)
      if (decision === 'continue') return outcome
      this.status.failError = ''
      delete this.status.failKind
      if (decision === 'skip') return { ...outcome, phase: 'success' }
    }
  }

  /** Waits, with the step shown as paused, for somebody who knows how to go on. */
  async #decisionAbout({ phase, exitStatus }: StepOutcome, step: ExecutorStep, context: StepContext) {
    const { pauses } = this.#options
    const { pod, log } = context
    if (pauses === null || phase !== 'failed' || context.interrupted.aborted || pod.end !== undefined) return 'continue'
    this.#timeLimit.pause()
    const pause = { step: context.index, exitStatus, since: this.#now(), until: pauses.until }
    log.line(`agola: ${exitStatus === null ? 'failed' : `failed with exit code ${exitStatus}`}; the step is paused`)
    this.#setPause(pause)
    try {
      return await this.#decisionOf(pauses, this.#pausedStep(pause, step, context), context)
    } finally {
      this.#setPause(undefined)
      this.#timeLimit.resume()
    }
  }

  async #decisionOf(pauses: PausedSteps, paused: PausedStep, context: StepContext): Promise<PauseDecision> {
    const { pod, log, interrupted } = context
    const podEnded = new AbortController()
    void pod.pod.ended.then(() => podEnded.abort())
    try {
      const signal = AbortSignal.any([interrupted, podEnded.signal])
      const onExtended = (until: number) => this.#setPause(Object.assign(paused.pause, { until }))
      const decision = await pauses.wait(paused, { signal, onExtended })
      log.line(`agola: ${decisionTexts[decision]}`)
      return decision === 'expired' ? 'continue' : decision
    } catch (error) {
      if (!interrupted.aborted && !podEnded.signal.aborted) throw error
      if (!interrupted.aborted) await this.#explainPodEnd(context, false)
      return 'continue'
    }
  }

  #pausedStep(pause: TaskPause, step: ExecutorStep, { pod, log, interrupted }: StepContext): PausedStep {
    const { id, runId, runTaskId, spec } = this.#task
    return {
      ...{ taskId: id, runId, runTaskId, taskName: spec.taskName, stepName: step.name || step.type, pause },
      hasCheckout: spec.steps.slice(0, pause.step).some(({ type }) => type === 'clone'),
      openShell: (request, options) => openShell(step, pod, request, options),
      applyChange: (change, options) => applyChange(pod, change, options?.signal ?? interrupted),
      note: (text) => log.line(`agola: ${text}`),
    }
  }

  #setPause(pause: TaskPause | undefined): void {
    if (pause === undefined) delete this.status.paused
    else this.status.paused = pause
    this.#report()
  }

  async #outcomeOf(step: ExecutorStep, context: StepContext): Promise<StepOutcome> {
    let exitStatus: number | null = null
    try {
      exitStatus = await runStep(step, context)
      context.log.failed.throwIfAborted()
      if (exitStatus === 0 && !this.#stepWasInterrupted) return { phase: 'success', exitStatus }
      if (!this.#isInterrupted) await this.#explainPodEnd(context, exitStatus === killedExitCode)
    } catch (error) {
      exitStatus ??= isFaultOfStep(error) ? 1 : null
      const isPodGone = hasCode(error, 'podDoesNotExist')
      if (!this.#isInterrupted && !(await this.#explainPodEnd(context, isPodGone))) {
        context.log.line(`agola: ${messageOf(error)}`)
        if (!isFaultOfStep(error)) this.#fail(error)
      }
    }
    if (this.#timedOut) context.log.line('agola: the task ran longer than its timeout')
    return { phase: this.#stopRequested ? 'stopped' : 'failed', exitStatus }
  }

  /** Whether the step failed because its container went away, which is said in its log and in the task's error. */
  async #explainPodEnd(context: StepContext, mayComeLate: boolean): Promise<boolean> {
    const end = mayComeLate ? await endOfPod(context.pod.pod, context.clock) : context.pod.end
    if (end === undefined) return false
    const text = describePodEnd(end)
    context.log.line(`agola: ${text}`)
    this.status.failError = text
    if (end.reason === 'lost') this.status.failKind = 'unavailable'
    return true
  }

  #finish(): void {
    const { status } = this
    const all = [status.setupStep, ...status.steps]
    const success = all.every((step) => step.phase === 'success')
    status.timedout = this.#timedOut && !success
    if (success) status.phase = 'success'
    else status.phase = this.#stopRequested && !status.timedout ? 'stopped' : 'failed'
    status.endTime = this.#now()
    this.#options.onFinished()
    this.#report()
  }

  #endSetUp(phase: ExecutionPhase): void {
    this.status.setupStep = { ...this.status.setupStep, phase, endTime: this.#now() }
  }

  #fail(error: unknown): void {
    this.status.failError = this.#mask.text(messageOf(error))
    this.status.failKind = error instanceof AgolaError ? error.kind : 'internal'
  }

  #report(): void {
    this.#reports.push(structuredClone(this.status))
  }

  #now(): number {
    return this.#options.clock.now()
  }

  get #isInterrupted(): boolean {
    return this.#interrupted.signal.aborted
  }
}

const decisionTexts: Record<PauseDecision | 'expired', string> = {
  retry: 'trying again',
  skip: 'going on as if the step had succeeded',
  continue: 'the failure stands',
  expired: 'nobody came before the pause expired: the failure stands',
}

interface StepOutcome {
  phase: ExecutionPhase
  exitStatus: number | null
}

/** What the config or the files of the step are to blame for; everything else is the executor's trouble. */
function isFaultOfStep(error: unknown): boolean {
  return (
    error instanceof AgolaError &&
    (error.kind === 'badrequest' || error.kind === 'notexist') &&
    !hasCode(error, 'podDoesNotExist')
  )
}

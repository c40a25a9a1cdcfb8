import { createReadStream, statSync } from 'node:fs'
import type { TaskPlace } from '../model/activity.ts'
import { AgolaError, messageOf } from '../model/errors.ts'
import type { ExecutorStatus } from '../model/executor.ts'
import type { ExecutorTaskStatus, ExecutorTaskWithSpec } from '../model/executor-task.ts'
import type { ExecutorId, ExecutorTaskId, PodId } from '../model/ids.ts'
import type { Arch } from '../model/run-config.ts'
import type { CallOptions } from '../ports/call-options.ts'
import type { Clock } from '../ports/clock.ts'
import type { ExecutorClient, ExecutorLogRef, StoredContent } from '../ports/executor-client.ts'
import type { ExecutorRunService } from '../ports/executor-run-service.ts'
import type { Log } from '../ports/log.ts'
import type { PodDriver, PullPolicy, TtySize } from '../ports/pod-driver.ts'
import type { Random } from '../ports/random.ts'
import type { SourceProvider } from '../ports/source-provider.ts'
import { abortable } from '../std/abortable.ts'
import { withinTime } from '../std/alarm.ts'
import { cleanData } from './clean-data.ts'
import { cleanPods } from './clean-pods.ts'
import { LatestSender } from './latest-sender.ts'
import { LogFile } from './log-file.ts'
import { LogMask } from './log-mask.ts'
import type { PausedSteps } from './paused-steps.ts'
import { PodSetUp } from './pod-set-up.ts'
import { PreparedPods } from './prepared-pods.ts'
import { RunMasks } from './run-masks.ts'
import { secretsOf } from './secrets-of.ts'
import { setUpPod } from './set-up.ts'
import { TaskFiles } from './task-files.ts'
import { TaskRun } from './task-run.ts'

const podCreationMsMax = 5 * 60_000
/** Pods made ahead when the number of active tasks is not limited. */
const preparedPodsMax = 16
/** What is left of tasks and reports when the executor closes gets so long. */
const closeMsMax = 10_000
export const defaultTtySize: TtySize = { columns: 120, rows: 40 }

export interface ExecutorOptions {
  id: ExecutorId
  /** Executors that share pods. */
  group: string
  driver: PodDriver
  runService: ExecutorRunService
  sources: SourceProvider
  /** Logs and archives of tasks lie in `tasks/` below it. */
  dataDir: string
  clock: Clock
  random: Random
  log: Log
  /** 0: no limit. */
  activeTasksLimit: number
  allowPrivileged: boolean
  pull: PullPolicy
  /** Time that a step has to end by itself after an interrupt. */
  stopGraceMs: number
  /** Where failing steps wait for a decision; default: they fail at once. */
  pauses?: PausedSteps | undefined
  /** Whether tasks for other processors are taken too, for the engine to emulate; default: no. */
  emulates?: boolean | undefined
  /** Whether lines of a step's output name values to mask; default: no. */
  runtimeMasks?: boolean | undefined
  /** Pods that stay after their task, for so long, also when this process ends: for people to look into. Default: none. */
  keep?: KeptPods | undefined
  /** Of the terminals that steps get; default 120×40. */
  ttySize?: TtySize
  labels?: Record<string, string>
  /** Removed from the runservice by its siblings when it is gone; default true. */
  dynamic?: boolean
  /** '' : reached in this process. */
  listenUrl?: string
  /** The live executors of the group. Absent: pods of others are left alone. */
  siblings?: (options?: CallOptions) => Promise<ExecutorId[]>
}

const allArchs: Arch[] = ['386', 'amd64', 'arm', 'arm64']

export interface KeptPods {
  /** Of tasks that failed, or of all that were not stopped. */
  which: 'failed' | 'always'
  forMs: number
}

/** Work that somebody repeats: the composition root's loop, or a simulation. */
export interface ExecutorLoop {
  name: string
  intervalMs: number
  step: (signal: AbortSignal) => Promise<void>
}

/** Runs executor tasks in pods (spec/executor.md 6, 7). A submitted task starts at once; the loops only repair what got lost. */
export class Executor implements ExecutorClient {
  readonly id: ExecutorId
  readonly #options: ExecutorOptions
  readonly #files: TaskFiles
  /** Known tasks, finished ones until the runservice has fetched everything. */
  readonly #tasks = new Map<ExecutorTaskId, TaskRun>()
  /** Not yet done, whether still known or not. */
  readonly #runs = new Set<TaskRun>()
  /** Handed over, but all places are taken. */
  readonly #waiting = new Map<ExecutorTaskId, ExecutorTaskWithSpec>()
  /** Final states of tasks that never ran here. */
  readonly #refused = new Map<ExecutorTaskId, LatestSender<ExecutorTaskStatus>>()
  readonly #prepared: PreparedPods
  /** Pods that shall exist: everything else of this executor is swept. */
  readonly #pods = new Set<PodId>()
  readonly #runMasks: RunMasks | null
  readonly #imagesWithoutGit = new Set<string>()
  readonly #statusReports: LatestSender<null>
  #closing: Promise<void> | undefined

  constructor(options: ExecutorOptions) {
    this.id = options.id
    this.#options = options
    this.#runMasks = options.runtimeMasks === true ? new RunMasks() : null
    this.#files = new TaskFiles(options.dataDir)
    this.#prepared = new PreparedPods(
      options.activeTasksLimit || preparedPodsMax,
      (task) => this.#startSetUp(task, this.#maskOf(task)),
      (task, setUp) => this.#disposeSetUp(task, setUp),
    )
    this.#statusReports = new LatestSender({
      clock: options.clock,
      send: async (_, signal) => options.runService.sendExecutorStatus(this.id, await this.#status(signal), { signal }),
      onFailure: (error) => this.#warn('the status of the executor could not be sent', error),
    })
  }

  /** What the composition root repeats; each step is safe at any time and alongside the others. */
  get loops(): ExecutorLoop[] {
    return [
      { name: 'executor status', intervalMs: 2_000, step: (signal) => this.sendStatus(signal) },
      { name: 'executor tasks', intervalMs: 2_000, step: (signal) => this.updateTasks(signal) },
      { name: 'executor pods', intervalMs: 10_000, step: (signal) => this.cleanPods(signal) },
      { name: 'executor data', intervalMs: 2_000, step: (signal) => this.cleanData(signal) },
    ]
  }

  /** Unfinished tasks, those that wait for a place included. */
  get activeTasks(): number {
    return this.#running + this.#waiting.size
  }

  /** Of unfinished tasks. */
  get places(): TaskPlace[] {
    const running = [...this.#tasks.values()].filter((task) => !task.isFinished).map(({ place }) => place)
    const waiting = [...this.#waiting.values()].map(({ runId, runTaskId }) => ({
      ...{ runId, runTaskId, isWaiting: true, setUpMessage: '', entrance: null },
    }))
    return [...running, ...waiting]
  }

  async submit(task: ExecutorTaskWithSpec): Promise<void> {
    if (task.executorId === this.id && this.#closing === undefined) this.#take(task)
  }

  async prepare(task: ExecutorTaskWithSpec): Promise<void> {
    if (task.executorId !== this.id || this.#closing !== undefined) return
    if (this.#tasks.has(task.id) || this.#waiting.has(task.id)) return
    if (task.spec.containers.some((container) => container.privileged) && !this.#options.allowPrivileged) return
    this.#prepared.prepare(structuredClone(task))
  }

  async discard(taskId: ExecutorTaskId): Promise<void> {
    await this.#prepared.discard(taskId)
  }

  async openLog(ref: ExecutorLogRef, options: CallOptions & { follow?: boolean } = {}): Promise<StoredContent> {
    const writing = this.#tasks.get(ref.taskId)?.log(ref.step)
    if (writing !== undefined && options.follow === true) return writing.follow()
    const content = storedFile(this.#files.log(ref.taskId, ref.step), writing === undefined)
    if (content !== undefined) return content
    throw new AgolaError(
      'logDoesNotExist',
      `executor task ${ref.taskId} has no log of ${ref.step === null ? 'its set-up' : `step ${ref.step}`}`,
    )
  }

  async openArchive(taskId: ExecutorTaskId, step: number): Promise<StoredContent> {
    const content = storedFile(this.#files.archive(taskId, step), true)
    if (content !== undefined) return content
    throw new AgolaError('archiveDoesNotExist', `step ${step} of executor task ${taskId} has made no archive`)
  }

  /** Tells the runservice that this executor lives and what it can do. */
  async sendStatus(signal: AbortSignal): Promise<void> {
    this.#statusReports.push(null)
    await abortable(this.#statusReports.idle(), signal)
  }

  /** Asks the runservice for the tasks of this executor and applies what a lost call would have told (spec/executor.md 6). */
  async updateTasks(signal: AbortSignal): Promise<void> {
    const known = [...this.#tasks.keys(), ...this.#waiting.keys()]
    const listed = await this.#options.runService.listExecutorTasks(this.id, { signal })
    const ids = new Set(listed.map((task) => task.id))
    for (const task of listed) await this.submit(task)
    for (const id of known) if (!ids.has(id)) this.#forget(id)
  }

  /** Removes pods that should not exist: leftovers of this executor, and pods of executors that are gone. */
  async cleanPods(signal: AbortSignal): Promise<void> {
    const { driver, clock, siblings } = this.#options
    await cleanPods({ driver, now: () => clock.now(), own: this.id, wanted: this.#pods, siblings }, signal)
  }

  /** Removes the data of tasks that the runservice no longer knows: everything of them was fetched. */
  async cleanData(signal: AbortSignal): Promise<void> {
    const { runService } = this.#options
    const isActive = (id: ExecutorTaskId) =>
      this.#prepared.has(id) || this.#waiting.has(id) || this.#tasks.get(id)?.isFinished === false
    await cleanData({ files: this.#files, runService, isActive, forget: (id) => this.#forget(id) }, signal)
  }

  /** Ends everything at once: no pod of this executor remains. Joins a close that is under way. `unheard`: nobody takes reports any more. */
  close({ unheard = false } = {}): Promise<void> {
    if (unheard) this.#closeReports()
    this.#closing ??= this.#close()
    return this.#closing
  }

  /** Resolves when nothing more will be told of tasks that have ended, though their pods may still be going. Part of a close. */
  async reported(): Promise<void> {
    const senders = [...this.#refused.values()].map((sender) => sender.idle())
    const all = Promise.all([...[...this.#runs].map((run) => run.reported), ...senders])
    await Promise.race([all, this.#closing])
  }

  async #close(): Promise<void> {
    // It gets no more tasks.
    this.#statusReports.close()
    this.#waiting.clear()
    for (const run of this.#runs) run.kill()
    const ended = Promise.all([this.#prepared.close(), ...[...this.#runs].map((run) => run.done)])
    await withinTime(ended, this.#options.clock, closeMsMax)
    this.#closeReports()
  }

  #closeReports(): void {
    for (const run of this.#runs) run.closeReports()
    for (const sender of this.#refused.values()) sender.close()
  }

  #take(task: ExecutorTaskWithSpec): void {
    const known = this.#tasks.get(task.id)
    if (known !== undefined) {
      if (task.stop && !known.isFinished) known.stop()
      return
    }
    const { phase } = task.status
    if (phase === 'running') this.#refuse(task, restarted(task.status, this.#options.clock.now()))
    if (phase !== 'notstarted') return
    if (task.stop) {
      this.#waiting.delete(task.id)
      this.#refuse(task, cancelled(task.status, this.#options.clock.now()))
      void this.#prepared.discard(task.id)
    } else if (this.#hasPlace) this.#start(structuredClone(task))
    else this.#waiting.set(task.id, structuredClone(task))
  }

  get #running(): number {
    return [...this.#tasks.values()].filter((task) => !task.isFinished).length
  }

  get #hasPlace(): boolean {
    const limit = this.#options.activeTasksLimit
    return limit === 0 || this.#running < limit
  }

  #start(task: ExecutorTaskWithSpec): void {
    const { runService, sources, clock, random, stopGraceMs } = this.#options
    const mask = this.#maskOf(task)
    const run = new TaskRun(task, mask, {
      ...{ runService, sources, clock, random, stopGraceMs },
      files: this.#files,
      ttySize: this.#options.ttySize ?? defaultTtySize,
      imagesWithoutGit: this.#imagesWithoutGit,
      addMask: this.#runMasks && ((value) => this.#runMasks?.add(task.runId, value) ?? null),
      pauses: this.#options.pauses ?? null,
      setUp: async () => (await this.#prepared.take(task)) ?? (await this.#startSetUp(task, mask)),
      releasePod: (setUp, phase) => this.#leavePod(setUp, phase),
      onReportFailure: (error) => this.#warn(`the status of task ${task.id} could not be sent`, error),
      onFinished: () => this.#startWaiting(),
    })
    this.#tasks.set(task.id, run)
    this.#runs.add(run)
    void run.done.then(() => this.#runs.delete(run))
  }

  #startWaiting(): void {
    // A runservice in this process has seen itself that there is a place.
    if (this.#options.listenUrl) this.#statusReports.push(null)
    for (const [id, task] of this.#waiting) {
      if (!this.#hasPlace) return
      this.#waiting.delete(id)
      this.#start(task)
    }
  }

  #maskOf({ runId, spec }: ExecutorTaskWithSpec): LogMask {
    const secrets = secretsOf(spec)
    return this.#runMasks === null ? new LogMask(secrets) : this.#runMasks.create(runId, secrets)
  }

  async #startSetUp(task: ExecutorTaskWithSpec, mask: LogMask): Promise<PodSetUp> {
    const { driver, clock, random, pull, allowPrivileged, keep } = this.#options
    await this.#files.remove(task.id)
    const log = await LogFile.create(this.#files.log(task.id, null), mask)
    const podId = random.uuid()
    this.#pods.add(podId)
    const keepUntil = keep === undefined ? null : clock.now() + keep.forMs
    const options = { driver, clock, executorId: this.id, podId, pull, allowPrivileged, keepUntil, podCreationMsMax }
    return new PodSetUp(podId, log, (signal) => setUpPod(task, log, signal, options))
  }

  /** Takes away what was prepared for a task that does not come. */
  async #disposeSetUp(task: ExecutorTaskWithSpec, setUp: PodSetUp): Promise<void> {
    await this.#releasePod(setUp)
    await setUp.log.close()
    if (!this.#tasks.has(task.id)) await this.#files.remove(task.id)
  }

  /** Of a task that has ended. A kept pod stays among the wanted ones, so that no sweep of ours takes it; those of others ask until when. */
  async #leavePod(setUp: PodSetUp, phase: ExecutorTaskStatus['phase']): Promise<void> {
    const { keep } = this.#options
    const isKept = keep !== undefined && (phase === 'failed' || (phase === 'success' && keep.which === 'always'))
    if (!isKept || !setUp.isUsable) await this.#releasePod(setUp)
  }

  async #releasePod(setUp: PodSetUp): Promise<void> {
    setUp.giveUp(new Error('the pod is not needed any more'))
    try {
      const ready = await setUp.ready.catch(() => undefined)
      await ready?.pod.remove()
    } catch (error) {
      // No longer wanted, so the pods cleaner removes it.
      this.#warn(`pod ${setUp.podId} could not be removed`, error)
    } finally {
      this.#pods.delete(setUp.podId)
    }
  }

  #refuse(task: ExecutorTaskWithSpec, status: ExecutorTaskStatus): void {
    if (this.#refused.has(task.id)) return
    const sender = new LatestSender<ExecutorTaskStatus>({
      clock: this.#options.clock,
      send: (value, signal) => this.#options.runService.sendExecutorTaskStatus(task.id, value, { signal }),
      onFailure: (error) => this.#warn(`the status of task ${task.id} could not be sent`, error),
    })
    this.#refused.set(task.id, sender)
    sender.push(status)
    void sender.idle().then(() => this.#refused.delete(task.id))
  }

  #forget(taskId: ExecutorTaskId): void {
    this.#waiting.delete(taskId)
    this.#tasks.get(taskId)?.drop()
    this.#tasks.delete(taskId)
  }

  async #status(signal: AbortSignal): Promise<ExecutorStatus> {
    const { driver, group, labels, activeTasksLimit, allowPrivileged, dynamic, listenUrl, emulates } = this.#options
    const capabilities = await driver.capabilities({ signal })
    const siblingsExecutors = await this.#liveExecutors(signal)
    // Nothing is waited for from here on: the count is that of the moment when it is told.
    return {
      listenUrl: listenUrl ?? '',
      archs: emulates === true && capabilities.images ? allArchs : capabilities.archs,
      labels: labels ?? {},
      allowPrivilegedContainers: allowPrivileged && capabilities.privilegedContainers,
      activeTasksLimit,
      activeTasks: this.activeTasks,
      dynamic: dynamic ?? true,
      executorGroup: group,
      siblingsExecutors,
    }
  }

  async #liveExecutors(signal: AbortSignal): Promise<ExecutorId[]> {
    const siblings = (await this.#options.siblings?.({ signal })) ?? []
    return [...new Set([this.id, ...siblings])]
  }

  #warn(message: string, error: unknown): void {
    this.#options.log.warn(message, { error: messageOf(error) })
  }
}

/** The executor lost the task: it was started by a process that is gone (spec/executor.md 6). */
function restarted(status: ExecutorTaskStatus, now: number): ExecutorTaskStatus {
  const end = <Step extends ExecutorTaskStatus['setupStep']>(step: Step): Step =>
    step.phase === 'running' ? { ...step, phase: 'failed', endTime: now, logBytes: null } : step
  const { paused: _, ...rest } = status
  return {
    ...rest,
    phase: 'failed',
    failError: 'the executor was restarted while the task ran',
    setupStep: end(status.setupStep),
    steps: status.steps.map(end),
    endTime: now,
  }
}

function cancelled(status: ExecutorTaskStatus, now: number): ExecutorTaskStatus {
  return { ...status, phase: 'cancelled', endTime: now }
}

function storedFile(file: string, isComplete: boolean): StoredContent | undefined {
  const found = statSync(file, { throwIfNoEntry: false })
  if (found === undefined) return undefined
  const sizeBytes = found.size
  // Only what is there now: a log that grows meanwhile would be longer than announced.
  const stream = () =>
    sizeBytes === 0 ? createReadStream(file, { start: 0, end: 0 }) : createReadStream(file, { end: sizeBytes - 1 })
  return isComplete ? { sizeBytes, file, stream } : { sizeBytes, stream }
}

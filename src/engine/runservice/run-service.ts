import { addTaskApprover, approveTask, changeRunPhase, stopRun } from '../decide/run-actions.ts'
import { reportExecutorTask } from '../decide/run-reports.ts'
import { AgolaError, hasCode, messageOf } from '../model/errors.ts'
import type { ExecutorStatus } from '../model/executor.ts'
import type { ExecutorTask, ExecutorTaskStatus, ExecutorTaskWithSpec } from '../model/executor-task.ts'
import type { ExecutorId, ExecutorTaskId, RunId, RunTaskId } from '../model/ids.ts'
import { isRunFinished, type Run } from '../model/run.ts'
import type { RunEvent } from '../model/run-event.ts'
import type { CallOptions } from '../ports/call-options.ts'
import type { StoredContent } from '../ports/executor-client.ts'
import type { CacheHit, ExecutorRunService } from '../ports/executor-run-service.ts'
import type { WatchEvent } from '../ports/key-value-store.ts'
import type { ObjectSource } from '../ports/object-storage.ts'
import type {
  CreateRunRequest,
  LogRef,
  RestartRunRequest,
  RunList,
  RunQuery,
  RunService as RunServicePort,
  RunWithConfig,
} from '../ports/run-service.ts'
import { ChangeSignal } from '../std/change-signal.ts'
import { runLoop } from '../std/run-loop.ts'
import type { Change } from './active-run.ts'
import { Caches } from './caches.ts'
import { Cleaner } from './cleaner.ts'
import { Dispatcher } from './dispatcher.ts'
import { ExecutorRegistry } from './executor-registry.ts'
import { Fetcher } from './fetcher.ts'
import { keys } from './keys.ts'
import { RunEventLog, runEventsChanged } from './run-event-log.ts'
import { rootOf } from './run-group.ts'
import { RunLogs } from './run-logs.ts'
import { RunMaker } from './run-maker.ts'
import { RunPins } from './run-pins.ts'
import { defaultRetention, type RunServiceOptions } from './run-service-options.ts'
import { RunStore, type StoredRun } from './run-store.ts'
import { listOf, summaryOf } from './run-summary.ts'
import { StoreWatcher } from './store-watcher.ts'
import { archiveKey, fileOf } from './task-objects.ts'
import { TaskSender } from './task-sender.ts'

/** Pause between looks for what was left undone; nothing on the usual way waits for them. */
const dispatcherIntervalMs = 10_000
const archiveIntervalMs = 10_000
const cleanerIntervalMs = 24 * 60 * 60 * 1000

/** The owner of runs: keeps them, moves them, gives their tasks to executors and takes in what those leave (spec/runs.md).
 *  Works as soon as it is constructed; `start` adds what other processes do and what happens by itself with time. */
export class RunService implements RunServicePort, ExecutorRunService {
  readonly dispatcher: Dispatcher
  readonly cleaner: Cleaner
  readonly #options: RunServiceOptions
  readonly #changes = new ChangeSignal()
  readonly #store: RunStore
  readonly #maker: RunMaker
  readonly #registry: ExecutorRegistry
  readonly #fetcher: Fetcher
  readonly #sender: TaskSender
  readonly #events: RunEventLog
  readonly #logs: RunLogs
  readonly #caches: Caches
  readonly #pins: RunPins
  readonly #closed = new AbortController()
  #loops: Promise<unknown> = Promise.resolve()

  constructor(options: RunServiceOptions) {
    const { objects, caches = objects, archive, executors, clock, log, random, onTrouble = () => undefined } = options
    this.#options = options
    this.#store = new RunStore({ ...options, onEvents: () => this.#changes.changed(runEventsChanged) })
    const registry = new ExecutorRegistry(options)
    this.#registry = registry
    this.#maker = new RunMaker({ ...options, store: this.#store, registry })
    this.#sender = new TaskSender({ ...options, registry, labels: options.labels ?? (() => ({})) })
    const update = (runId: RunId, change: Change) => this.dispatcher.update(runId, change)
    this.#fetcher = new Fetcher({ objects, registry, executors, log, update, onTrouble })
    this.dispatcher = new Dispatcher({
      store: this.#store,
      registry,
      archive,
      executors,
      clock,
      random,
      log,
      sender: this.#sender,
      fetcher: this.#fetcher,
      leavesFiles: executors.filesOf !== undefined,
      changes: this.#changes,
      owner: options.owner,
      failUnplaceable: options.failUnplaceableTasks ?? false,
    })
    this.#pins = new RunPins(options)
    this.#events = new RunEventLog(options.kv, this.#changes)
    this.#logs = new RunLogs({
      objects,
      registry,
      executors,
      readRun: async ({ runId }, call) => (await this.#read(runId, call)).run,
    })
    this.#caches = new Caches(caches, { notesUse: options.notesCacheUse ?? false })
    const retention = { ...defaultRetention, ...options.retention }
    this.cleaner = new Cleaner({ objects, caches, pins: this.#pins, events: this.#events, clock, random, retention })
  }

  /** Reads the store, then follows it and does the rounds until `close`. Resolves when the store was read. */
  async start(): Promise<void> {
    const { signal } = this.#closed
    const { done } = await this.follow()
    const { clock, log, archive, readModel, cleansByItself = true } = this.#options
    const archiveLoop = archive.maintenance
    const loops = [
      ...(archiveLoop ? [runLoop(archiveLoop, { clock, log, intervalMs: archiveIntervalMs }, signal)] : []),
      runLoop(this.dispatcher, { clock, log, intervalMs: dispatcherIntervalMs }, signal),
      ...(cleansByItself ? [runLoop(this.cleaner, { clock, log, intervalMs: cleanerIntervalMs }, signal)] : []),
    ]
    this.#loops = Promise.all([done, readModel?.run(signal), ...loops])
  }

  /** Only the first half of `start`, for those who make the steps themselves. */
  async follow(): Promise<{ done: Promise<void> }> {
    const watcher = new StoreWatcher({
      ...this.#options,
      onEvent: (event) => this.#see(event),
      onGap: async () => {
        await this.#registry.load()
        this.#changes.changedAll()
        this.dispatcher.wakeWaiting()
      },
      onUnusable: () => this.#changes.changedAll(),
    })
    return await watcher.start(this.#closed.signal)
  }

  /** Ends the loops and waits for what is under way. Runs stay as they are. */
  async close(): Promise<void> {
    this.#closed.abort(new AgolaError('storeClosed', 'the run service is closed'))
    await this.#loops
    await this.#fetcher.idle()
    await this.dispatcher.idle()
    const { archive, log } = this.#options
    // What cannot be given up now ends by itself.
    await archive.close?.().catch((error) => log.warn('the archive could not be closed', { error: messageOf(error) }))
  }

  async createRun(request: CreateRunRequest): Promise<RunWithConfig> {
    return this.#added(await this.#maker.create(request))
  }

  async restartRun({ runId, ...request }: RestartRunRequest): Promise<RunWithConfig> {
    return this.#added(await this.#maker.recreate(await this.#read(runId), request))
  }

  async getRun(runId: RunId, options: CallOptions = {}): Promise<RunWithConfig> {
    return await this.#withPin(await this.#read(runId, options), options)
  }

  async getRunByNumber(group: string, counter: number, options: CallOptions = {}): Promise<RunWithConfig> {
    const root = rootOf(group)
    const runId =
      (await this.#store.findRun(root, counter, options)) ??
      (await this.#options.archive.findRun(root, counter, options))
    if (runId === null) throw new AgolaError('runDoesNotExist', `there is no run ${counter} in ${group}`)
    return await this.#withPin(await this.#read(runId, options), options)
  }

  async listRuns(query: RunQuery, options: CallOptions = {}): Promise<RunList> {
    const { runs, more } = await this.#list(query, options)
    if (runs.length === 0) return { runs, more }
    const pinned = await this.#pins.list(options)
    return { runs: runs.map((run) => (pinned.has(run.id) ? { ...run, pinned: true } : run)), more }
  }

  /** The pin first: see there. */
  async pinRun(runId: RunId, options: CallOptions = {}): Promise<void> {
    await this.#pins.pin(runId, options)
    try {
      await this.#read(runId, options)
    } catch (error) {
      if (hasCode(error, 'runDoesNotExist')) await this.#pins.unpin(runId, options)
      throw error
    }
  }

  unpinRun(runId: RunId, options?: CallOptions): Promise<void> {
    return this.#pins.unpin(runId, options)
  }

  async #withPin(found: RunWithConfig, options: CallOptions): Promise<RunWithConfig> {
    return (await this.#pins.has(found.run.id, options)) ? { ...found, pinned: true } : found
  }

  async #list(query: RunQuery, options: CallOptions): Promise<RunList> {
    const copied = await this.#options.readModel?.listRuns(query, options)
    if (copied) return copied
    // Active ones first: a run that is archived meanwhile is seen twice rather than not at all.
    const active = (await this.#store.activeRuns(options)).map(({ header }) => summaryOf(header))
    if (query.phases?.every((phase) => !isRunFinished(phase))) return listOf(active, query)
    const archived = await this.#options.archive.listRuns(query, options)
    const list = listOf([...archived.runs, ...active], query)
    return { runs: list.runs, more: list.more || archived.more }
  }

  async changeRunPhase(runId: RunId, phase: 'running' | 'cancelled'): Promise<void> {
    await this.#update(runId, (draft) => changeRunPhase(draft, phase, this.#options.clock.now()))
  }

  async stopRun(runId: RunId): Promise<void> {
    await this.#update(runId, stopRun)
  }

  async addTaskApprover(runId: RunId, taskId: RunTaskId, approver: string): Promise<void> {
    await this.#update(runId, (draft) => addTaskApprover(draft, taskId, approver))
  }

  async approveTask(runId: RunId, taskId: RunTaskId): Promise<void> {
    await this.#update(runId, (draft) => approveTask(draft, taskId))
  }

  async *watchRun(runId: RunId, options: CallOptions = {}): AsyncGenerator<Run> {
    for (;;) {
      const version = this.#changes.version(runId)
      const { run } = await this.#read(runId, options)
      yield run
      if (run.archived) return
      await this.#changes.after(runId, version, options.signal)
    }
  }

  lastRunEvent(options?: CallOptions): Promise<number> {
    return this.#events.last(options)
  }

  watchRunEvents(afterSequence: number, options?: CallOptions): AsyncIterable<RunEvent> {
    return this.#events.watch(afterSequence, options)
  }

  openLog(log: LogRef, options?: CallOptions & { follow?: boolean }): Promise<StoredContent> {
    return this.#logs.open(log, options)
  }

  deleteLog(log: LogRef, options?: CallOptions): Promise<void> {
    return this.#logs.delete(log, options)
  }

  async sendExecutorStatus(executorId: ExecutorId, status: ExecutorStatus, options?: CallOptions): Promise<void> {
    const gone = await this.#registry.report(executorId, status, options)
    for (const id of gone) this.dispatcher.closeTasksOf(id)
    this.dispatcher.wakeWaiting()
  }

  /** Takes every other executor off the list: for who knows better than their last reports who lives. `findAlive` is asked after the list
   *  was taken, so that one which comes meanwhile is not missed. */
  async keepOnlyExecutors(findAlive: () => Promise<ReadonlySet<ExecutorId>>, options?: CallOptions): Promise<void> {
    const known = this.#registry.executors.map(({ id }) => id)
    const alive = await findAlive()
    for (const id of known.filter((each) => !alive.has(each))) {
      await this.deleteExecutor(id, options).catch((error: unknown) => {
        // Another process has seen it too.
        if (!hasCode(error, 'executorDoesNotExist')) throw error
        this.dispatcher.closeTasksOf(id)
      })
    }
    await this.dispatcher.step(this.#closed.signal)
  }

  /** Takes an executor off the list for good; what it was given has failed. `executorDoesNotExist`. */
  async deleteExecutor(executorId: ExecutorId, options?: CallOptions): Promise<void> {
    await this.#registry.delete(executorId, options)
    this.dispatcher.closeTasksOf(executorId)
  }

  async listExecutorTasks(executorId: ExecutorId, options?: CallOptions): Promise<ExecutorTaskWithSpec[]> {
    const tasks = await this.#store.executorTasks(options)
    const own = tasks.filter((task) => task.executorId === executorId)
    return (await Promise.all(own.map((task) => this.#withSpec(task)))).filter((task) => task !== null)
  }

  async getExecutorTask(taskId: ExecutorTaskId, options?: CallOptions): Promise<ExecutorTaskWithSpec> {
    const task = await this.#findExecutorTask(taskId, options)
    const withSpec = task === undefined ? null : await this.#withSpec(task)
    if (withSpec !== null) return withSpec
    throw new AgolaError('executorTaskDoesNotExist', `executor task ${taskId} does not exist`)
  }

  async sendExecutorTaskStatus(
    taskId: ExecutorTaskId,
    status: ExecutorTaskStatus,
    options?: CallOptions,
  ): Promise<void> {
    const task = await this.#findExecutorTask(taskId, options)
    if (task === undefined) return
    try {
      await this.dispatcher.update(task.runId, (draft) => reportExecutorTask(draft, task.runTaskId, status))
    } catch (error) {
      if (!hasCode(error, 'runDoesNotExist')) throw error
    }
  }

  async openWorkspaceArchive(taskId: RunTaskId, step: number, options: CallOptions = {}): Promise<StoredContent> {
    const { objects } = this.#options
    try {
      const { sizeBytes } = await objects.stat(archiveKey(taskId, step), options)
      const content = await objects.get(archiveKey(taskId, step), options)
      return { sizeBytes, ...fileOf(objects, archiveKey(taskId, step)), stream: () => content }
    } catch (error) {
      if (!hasCode(error, 'objectDoesNotExist')) throw error
      throw new AgolaError('archiveDoesNotExist', `step ${step} of task ${taskId} left no archive`, { cause: error })
    }
  }

  hasCache(key: string, options?: CallOptions): Promise<boolean> {
    return this.#caches.has(key, options)
  }

  openCache(key: string, options?: CallOptions): Promise<CacheHit | null> {
    return this.#caches.open(key, options)
  }

  saveCache(key: string, source: ObjectSource, options?: CallOptions & { sizeBytes?: number }): Promise<boolean> {
    return this.#caches.save(key, source, options)
  }

  #added(stored: StoredRun): RunWithConfig {
    this.dispatcher.add(stored)
    return { run: copyOf(stored.state.run), runConfig: stored.state.config }
  }

  /** An action on an active run. `runDoesNotExist`, or `runWrongPhase` when it was archived meanwhile. */
  async #update(runId: RunId, change: Change): Promise<void> {
    try {
      await this.dispatcher.update(runId, change)
    } catch (error) {
      if (!hasCode(error, 'runDoesNotExist')) throw error
      const archived = await this.#options.archive.getRun(runId)
      if (archived === null) throw error
      throw new AgolaError('runWrongPhase', `run ${archived.counter} is over: it is ${archived.phase}`, {
        cause: error,
      })
    }
  }

  /** The run as it is now; what it gives away is the caller's. `runDoesNotExist`. */
  async #read(runId: RunId, options: CallOptions = {}): Promise<RunWithConfig> {
    const active = await this.dispatcher.read(runId)
    if (active !== null) return { run: copyOf(active.state.run), runConfig: active.state.config }
    const { archive } = this.#options
    const run = await archive.getRun(runId, options)
    const runConfig = run && (await archive.getRunConfig(run.runConfigId, options))
    if (run !== null && runConfig !== null) return { run, runConfig }
    throw new AgolaError('runDoesNotExist', `run ${runId} does not exist`)
  }

  async #findExecutorTask(taskId: ExecutorTaskId, options?: CallOptions): Promise<ExecutorTask | undefined> {
    const known = this.#registry.task(taskId)
    if (known !== undefined) return known
    // Another process may have made it just now.
    return (await this.#store.executorTasks(options)).find((task) => task.id === taskId)
  }

  /** null when the task is gone. */
  async #withSpec({ runId, runTaskId }: ExecutorTask): Promise<ExecutorTaskWithSpec | null> {
    let stored = await this.dispatcher.read(runId)
    // Another process may have made the task just now: what we know of the run may be older.
    if (stored?.state.executorTasks.has(runTaskId) !== true) stored = await this.#store.load(runId)
    const current = stored?.state.executorTasks.get(runTaskId)
    return stored === null || current === undefined ? null : this.#sender.withSpec(stored, current)
  }

  #see(event: WatchEvent): void {
    const key = event.type === 'put' ? event.entry.key : event.key
    if (this.#registry.see(event)) this.dispatcher.wakeWaiting()
    this.dispatcher.see(event)
    if (key.startsWith(keys.runEvents)) this.#changes.changed(runEventsChanged)
  }
}

/** Tasks are replaced and never changed, so sharing them is safe. */

function copyOf(run: Run): Run {
  return { ...run, tasks: { ...run.tasks } }
}

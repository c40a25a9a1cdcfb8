import { availableParallelism } from 'node:os'
import { join } from 'node:path'
import { SqliteKeyValueStore } from './adapters/kv/sqlite.ts'
import { openPosixObjectStorage } from './adapters/objects/posix.ts'
import type { CompiledRun } from './compile/compiled-run.ts'
import { skipForeignTasks } from './compile/skip-foreign-tasks.ts'
import { DeadProcesses } from './dead-processes.ts'
import { EmbeddedPauses } from './embedded-pauses.ts'
import { EmbeddedRuns } from './embedded-runs.ts'
import { Executor, type KeptPods } from './executor/executor.ts'
import { PausedSteps } from './executor/paused-steps.ts'
import { ControlSocket } from './local/control-socket.ts'
import type { Identity } from './local/identity.ts'
import type { LocalDirectories } from './local/local-directories.ts'
import { LocalExecutorLease } from './local/local-executor-lease.ts'
import { runLabels } from './local/run-label.ts'
import type { RunActivity } from './model/activity.ts'
import { AgolaError, hasCode, messageOf } from './model/errors.ts'
import { foreignArch } from './model/foreign-arch.ts'
import type { ExecutorId, RunId } from './model/ids.ts'
import { isExecutionFinished, isRunFinished, type Run } from './model/run.ts'
import type { CallOptions } from './ports/call-options.ts'
import type { Clock } from './ports/clock.ts'
import type { ExecutorLogRef } from './ports/executor-client.ts'
import type { KeyValueStore } from './ports/key-value-store.ts'
import type { Log } from './ports/log.ts'
import type { Pauses } from './ports/pauses.ts'
import type { PodDriver, PullPolicy } from './ports/pod-driver.ts'
import type { Random } from './ports/random.ts'
import type { Runs } from './ports/runs.ts'
import type { TreeChange } from './ports/source-provider.ts'
import type { Cleaner } from './runservice/cleaner.ts'
import { DataRunArchive } from './runservice/data-run-archive.ts'
import { executorsInUse } from './runservice/executors-in-use.ts'
import { RunRetention } from './runservice/run-retention.ts'
import { RunService } from './runservice/run-service.ts'
import type { RunServiceOptions } from './runservice/run-service-options.ts'
import { Scheduler } from './scheduler/scheduler.ts'
import { SiblingFiles } from './sibling-files.ts'
import type { Snapshot } from './snapshot/snapshot.ts'
import type { SnapshotFacts } from './snapshot/snapshot-facts.ts'
import { SnapshotSources } from './snapshot/snapshot-sources.ts'
import { snapshotAnnotation } from './snapshot-annotation.ts'
import { runLoop } from './std/run-loop.ts'
import { withFailuresTold } from './std/with-failures-told.ts'

/** Kept pods may be swept after this time. */
const keptPodMsMax = 60 * 60_000

/** By then the first pods have been asked for. */
const repairDelayMs = 250

export interface EmbeddedEngineOptions {
  directories: LocalDirectories
  identity: Identity
  repoUuid: string
  /** Recorded with approvals given here. */
  approver: string
  clock: Clock
  random: Random
  log: Log
  onTrouble: (error: unknown) => void
}

export interface ExecutorSettings {
  driver: PodDriver
  /** undefined: half the processors, at least 2. */
  tasksMax: number | undefined
  pull: PullPolicy
  allowPrivileged: boolean
  graceMs: number
  /** Failing steps wait for a decision, so long at most; null: they fail at once. */
  pauseExpiryMs: number | null
  /** What becomes of tasks that want other processors than the engine's; default: they fail. */
  archMismatch?: { policy: 'emulate' | 'skip' | 'fail'; onNotice: (text: string) => void }
  /** Lines of a step's output may name values to mask. */
  runtimeMasks?: boolean
  /** Which pods stay after their task. */
  keep?: 'never' | 'failed' | 'always'
  /** The work tree as it is now, and what leads to it from an earlier one. */
  openChange: (from: SnapshotFacts, options: CallOptions) => Promise<{ snapshot: SnapshotFacts; change: TreeChange }>
}

/** What the runs made here run on. */
export interface RunMaterial {
  snapshot: Snapshot
  /** Values of secret variables by name. */
  secrets: ReadonlyMap<string, string>
}

/** The whole engine in this process over the store of one repository. Without an executor it only reads and acts on what is stored. */
export class EmbeddedEngine {
  readonly runs: Runs
  /** Aborted with the error once nothing can be stored any more: the disk is full or does not work. What runs cannot end here. */
  readonly broken: AbortSignal
  readonly cleaner: Cleaner
  readonly retention: RunRetention
  readonly #options: EmbeddedEngineOptions
  readonly #executorId: ExecutorId
  readonly #kv: KeyValueStore
  readonly #runService: RunService
  readonly #closed = new AbortController()
  readonly #sources = new SnapshotSources()
  readonly #scheduler: Scheduler
  readonly #dead: DeadProcesses
  #closingDead: Promise<void> | null = null
  /** Runs made here, which wait for each other; those of other processes are theirs to start. */
  readonly #own = new Map<RunId, number>()
  #material: RunMaterial | null = null
  /** null until this process can run tasks. */
  #driver: PodDriver | null = null
  /** Set when tasks for other processors are skipped. */
  #foreignTasks: { driver: PodDriver; onNotice: (text: string) => void } | null = null
  #starting: Promise<void> | null = null
  #isClosing = false
  #executor: Executor | null = null
  #lease: LocalExecutorLease | null = null
  #pauses: Pauses | null = null
  #control: ControlSocket | null = null
  #loops: Promise<void> = Promise.resolve()

  static async open(options: EmbeddedEngineOptions): Promise<EmbeddedEngine> {
    const { directories, repoUuid, clock, random, log } = options
    const base = join(directories.state, 'repos', repoUuid)
    const broken = new AbortController()
    const onFailure = (error: unknown) => isStoreBroken(error) && broken.abort(error)
    const [objectStorage, caches] = await Promise.all([
      openPosixObjectStorage({ directory: join(base, 'objects'), clock, random }),
      openPosixObjectStorage({ directory: directories.cache, clock, random }),
    ])
    const objects = withFailuresTold(objectStorage, onFailure)
    const kv = withFailuresTold(new SqliteKeyValueStore({ file: join(base, 'store.sqlite'), clock, random }), onFailure)
    try {
      const archive = await DataRunArchive.open({ kv, objects, clock, random, log })
      return new EmbeddedEngine(options, { kv, objects, caches, archive }, broken.signal)
    } catch (error) {
      await kv.close()
      throw error
    }
  }

  private constructor(
    options: EmbeddedEngineOptions,
    stores: Required<Pick<RunServiceOptions, 'kv' | 'objects' | 'caches' | 'archive'>>,
    broken: AbortSignal,
  ) {
    this.broken = broken
    const { identity, repoUuid, approver, clock, random, log, onTrouble } = options
    this.#options = options
    this.#executorId = random.uuid()
    this.#kv = stores.kv
    this.#runService = new RunService({
      ...stores,
      executors: {
        clientFor: ({ id }) => (id === this.#executorId ? this.#executor : null),
        filesOf: (id) => this.#filesOf(id),
      },
      secrets: { forRun: () => this.#material?.secrets ?? new Map() },
      clock,
      random,
      log,
      owner: this.#executorId,
      failUnplaceableTasks: true,
      cleansByItself: false,
      notesCacheUse: true,
      // Caches of all repositories lie together and go by their use.
      retention: { cacheAgeMsMax: Number.POSITIVE_INFINITY },
      labels: ({ counter }) => runLabels(repoUuid, counter),
      onTrouble,
    })
    this.#dead = new DeadProcesses({
      ...options,
      executorId: this.#executorId,
      kv: stores.kv,
      runService: this.#runService,
    })
    this.cleaner = this.#runService.cleaner
    this.retention = new RunRetention({ ...stores, clock })
    this.#scheduler = new Scheduler({
      runService: this.#runService,
      clock,
      log,
      scopeOf: ({ id }) => (this.#own.has(id) ? 'here' : null),
    })
    this.runs = new EmbeddedRuns({ runService: this.#runService, group: `/user/${identity.userId}`, approver })
  }

  /** Sees from now on what other processes do. For looking and waiting, without an executor of its own. */
  async follow(): Promise<void> {
    await this.#runService.follow()
    await this.#dead.close()
  }

  /** As `settle`, for a little while at most: what a dead process left can be large. */
  settleBriefly(): Promise<void> {
    return this.#dead.settleBriefly()
  }

  /** Waits until nothing of processes that died is under way any more, or until `signal`. */
  settle(signal: AbortSignal): Promise<void> {
    return this.#dead.settle(signal)
  }

  /** Executors whose files something here may still need. */
  executorsInUse(): Promise<Set<ExecutorId>> {
    return executorsInUse(this.#kv)
  }

  /** Snapshots that runs were started from. */
  async snapshotsInUse(signal?: AbortSignal): Promise<Set<string>> {
    const { runs } = await this.#runService.listRuns({}, { signal })
    return new Set(runs.map(({ annotations }) => annotations[snapshotAnnotation] ?? ''))
  }

  /** Makes this process able to run tasks. `storeClosed` */
  startExecutor(settings: ExecutorSettings): Promise<void> {
    if (this.#isClosing) return Promise.reject(new AgolaError('storeClosed', 'the engine is closed'))
    this.#starting = this.#startExecutor(settings)
    return this.#starting
  }

  async #startExecutor(settings: ExecutorSettings): Promise<void> {
    const { directories, identity, repoUuid, clock, random, log } = this.#options
    const { driver, tasksMax, pull, allowPrivileged, graceMs, archMismatch } = settings
    this.#driver = driver
    if (archMismatch?.policy === 'skip') this.#foreignTasks = { driver, onNotice: archMismatch.onNotice }
    // While the lease is written: both wait for the disk.
    const serving = this.#runService.start()
    serving.catch(() => undefined)
    const steps = new PausedSteps({ clock, expiryMs: settings.pauseExpiryMs ?? 0 })
    const numberOf = (id: RunId) => this.#own.get(id) ?? null
    const pauses = new EmbeddedPauses({
      steps,
      numberOf,
      snapshot: () => this.#requireMaterial().snapshot,
      openChange: settings.openChange,
    })
    this.#pauses = pauses
    this.#control = await this.#listen(pauses)
    this.#lease = await LocalExecutorLease.acquire({
      stateDirectory: directories.state,
      executorId: this.#executorId,
      groupId: identity.executorGroupId,
      engineEndpoint: (await driver.capabilities()).description,
      socketPath: this.#control?.path ?? '',
      repoUuid,
      clock,
      onTrouble: (error) => log.warn('the lease of this process was not renewed', { error: messageOf(error) }),
    })
    this.#executor = new Executor({
      id: this.#executorId,
      group: identity.executorGroupId,
      driver,
      runService: this.#runService,
      sources: this.#sources,
      dataDir: this.#dataDir(this.#executorId),
      clock,
      random,
      log,
      activeTasksLimit: tasksMax ?? Math.max(2, Math.floor(availableParallelism() / 2)),
      allowPrivileged,
      pull,
      stopGraceMs: graceMs,
      runtimeMasks: settings.runtimeMasks,
      emulates: settings.archMismatch?.policy === 'emulate',
      keep: keptPods(settings.keep),
      pauses: settings.pauseExpiryMs === null ? undefined : steps,
      siblings: () => this.#lease?.siblings() ?? Promise.resolve([]),
    })
    const { signal } = this.#closed
    await Promise.all([serving, this.#executor.sendStatus(signal)])
    this.#loops = this.#repair(this.#executor)
  }

  /** What got lost, and what dead processes left, is not what the first task waits for. */
  async #repair(executor: Executor): Promise<void> {
    const { clock, log } = this.#options
    const { signal } = this.#closed
    await clock.sleep(repairDelayMs, signal).catch(() => undefined)
    if (signal.aborted) return
    const loops = executor.loops.map((loop) => runLoop(loop, { clock, log, intervalMs: loop.intervalMs }, signal))
    await Promise.all([this.#closeDead(), ...loops])
  }

  /** Once; so is its failure told. */
  #closeDead(): Promise<void> {
    this.#closingDead ??= this.#dead.close().catch((error: unknown) => this.#leave(error))
    return this.#closingDead
  }

  #leave(error: unknown): void {
    this.#options.log.warn('what dead processes left stays for now', { error: messageOf(error) })
  }

  /** Paused tasks of this process; null until it can run any. */
  get pauses(): Pauses | null {
    return this.#pauses
  }

  /** null where there can be none: this process is then found by its id alone, and nobody else can act on its pauses. */
  async #listen(pauses: Pauses): Promise<ControlSocket | null> {
    if (process.platform === 'win32') return null
    const { directories, repoUuid, log } = this.#options
    const runs = () => [...this.#own.values()]
    try {
      const controlled = { repoUuid, pauses, runs, kill: () => this.kill() }
      return await ControlSocket.listen(directories.sockets, this.#executorId.slice(0, 13), controlled)
    } catch (error) {
      log.warn('there is no control socket', { error: messageOf(error) })
      return null
    }
  }

  /** Queues the runs in their order and gives their numbers. */
  async createRuns(compiled: readonly CompiledRun[], material: RunMaterial): Promise<number[]> {
    this.#material = material
    const numbers: number[] = []
    for (const whole of compiled) {
      const request = await this.#withoutForeignTasks(whole)
      const { run } = await this.#runService.createRun({
        ...request,
        annotations: { ...request.annotations, [snapshotAnnotation]: material.snapshot.id },
      })
      numbers.push(this.#adopt(run))
    }
    this.#scheduler.start()
    return numbers
  }

  async #withoutForeignTasks(compiled: CompiledRun): Promise<CompiledRun> {
    if (this.#foreignTasks === null) return compiled
    const { driver, onNotice } = this.#foreignTasks
    const { archs } = await driver.capabilities()
    const { run, skipped } = skipForeignTasks(compiled, archs)
    for (const { name, arch } of skipped) onNotice(skippedText(name, arch, archs))
    return run
  }

  /** Queues a run that has ended once more and gives its new number. */
  async restartRun(number: number, fromStart: boolean, material: RunMaterial): Promise<number> {
    this.#material = material
    await this.#closeDead()
    await this.settleBriefly()
    const run = await this.#restartWithoutForeignTasks(number, fromStart)
    const restarted = this.#adopt(run)
    this.#scheduler.start()
    return restarted
  }

  async #restartWithoutForeignTasks(number: number, fromStart: boolean): Promise<Run> {
    if (this.#foreignTasks === null) return (await this.runs.restart(number, { fromStart })).run
    const { driver, onNotice } = this.#foreignTasks
    const { archs } = await driver.capabilities()
    const { run, runConfig } = await this.runs.restart(number, { fromStart, archs })
    for (const task of Object.values(runConfig.tasks)) {
      const arch = foreignArch(task, archs)
      if (task.skip && arch !== null) onNotice(skippedText(task.name, arch, archs))
    }
    return run
  }

  #filesOf(id: ExecutorId): SiblingFiles {
    const isOver = async ({ taskId, step }: ExecutorLogRef) => {
      const task = await this.#runService.getExecutorTask(taskId).catch(() => null)
      const phase = step === null ? task?.status.setupStep.phase : task?.status.steps[step]?.phase
      return phase === undefined || isExecutionFinished(phase)
    }
    return new SiblingFiles({ dataDir: this.#dataDir(id), clock: this.#options.clock, isOver })
  }

  #dataDir(id: ExecutorId): string {
    return join(this.#options.directories.state, 'executors', id)
  }

  #adopt({ id, counter, tasks }: Run): number {
    this.#driver?.expectPods(Object.values(tasks).filter(({ status, skip }) => status === 'notstarted' && !skip).length)
    this.#own.set(id, counter)
    this.#sources.register(id, this.#requireMaterial().snapshot)
    return counter
  }

  #requireMaterial(): RunMaterial {
    if (this.#material === null) throw new AgolaError('assertionFailed', 'a run without what it runs on')
    return this.#material
  }

  /** Ends all tasks at once; their runs end as stopped. */
  async kill(): Promise<void> {
    await this.#executor?.close()
  }

  /** The runs made here that are not over. */
  async activity(): Promise<RunActivity[]> {
    const runs = await Promise.all([...this.#own.values()].map((number) => this.runs.get(number)))
    const places = this.#executor?.places ?? []
    return runs
      .filter(({ run }) => !isRunFinished(run.phase))
      .map(({ run, runConfig }) => ({ run, runConfig, places: places.filter(({ runId }) => runId === run.id) }))
  }

  /** Takes away what dead processes left, also after a run that ended before, or while, anything was repaired: closing cuts that off. */
  async #sweep(): Promise<void> {
    await this.#closeDead()
    const pods = this.#executor?.cleanPods(this.#closed.signal)
    await Promise.all([this.#dead.sweep(), pods?.catch((error: unknown) => this.#leave(error))])
  }

  /** Ends the executor with all its pods, then the services. Runs that have not ended are closed by the next process. */
  async close(): Promise<void> {
    this.#isClosing = true
    await this.#starting?.catch(() => undefined)
    const isSweeping = this.#executor !== null && !this.broken.aborted
    const gone = this.#executor?.close({ unheard: this.broken.aborted })
    await Promise.all([
      this.#executor?.reported(),
      isSweeping && this.#sweep(),
      this.#control?.close(),
      this.#scheduler.close(),
    ])
    // Everything is told: the store closes while the last pods go.
    this.#closed.abort()
    await this.#loops
    await this.#runService.close()
    await this.#kv.close()
    await gone
    // What could not be stored stays where it is, for the next process.
    if (this.broken.aborted) await this.#lease?.abandon()
    else await this.#lease?.release()
  }
}

function skippedText(name: string, arch: string, archs: readonly string[]): string {
  return `the task ${name} is skipped: it needs ${arch}, here is only ${archs.join(', ')}`
}

function keptPods(which: ExecutorSettings['keep'] = 'never'): KeptPods | undefined {
  return which === 'never' ? undefined : { which, forMs: keptPodMsMax }
}

function isStoreBroken(error: unknown): boolean {
  return hasCode(error, 'diskFull', 'storeUnusable')
}

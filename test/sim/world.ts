import { MemoryKeyValueStore } from '../../src/engine/adapters/kv/memory.ts'
import { MemoryObjectStorage } from '../../src/engine/adapters/objects/memory.ts'
import { AgolaError } from '../../src/engine/model/errors.ts'
import { isRunFinished } from '../../src/engine/model/run.ts'
import type { DependCondition } from '../../src/engine/model/run-config.ts'
import type { ExecutorClient } from '../../src/engine/ports/executor-client.ts'
import type { KeyValueStore } from '../../src/engine/ports/key-value-store.ts'
import { DataRunArchive } from '../../src/engine/runservice/data-run-archive.ts'
import { RunService } from '../../src/engine/runservice/run-service.ts'
import { Scheduler } from '../../src/engine/scheduler/scheduler.ts'
import { aRestoreStep, aRunStep, aSaveStep, type TaskSketch } from '../support/a-run-config.ts'
import { aCreateRequest, silentLog } from '../support/a-run-service.ts'
import { FaultyKeyValueStore, type TxnFault } from '../support/faulty-kv.ts'
import { SeededRandom } from '../support/seeded-random.ts'
import { SimClock, settled } from '../support/sim-clock.ts'
import { Faults } from './faults.ts'
import { SimExecutor, type SimPods } from './sim-executor.ts'

const processCount = 2
const executorCount = 3
const groups = ['/project/p1/branch/a', '/project/p1/branch/b', '/user/u1/branch/a']
const runsMax = 8

/** A server process: a run service and a scheduler with connections of their own. */
interface Process {
  runService: RunService
  scheduler: Scheduler
  isDead: boolean
}

/** Several run services, schedulers and executors over one store in memory, in simulated time. One seeded generator chooses what
 *  happens next and what goes wrong, so that the same seed gives the same history. */
export class World {
  readonly random: SeededRandom
  readonly faults: Faults
  readonly clock = new SimClock()
  /** Connections of the test itself, on which nothing goes wrong. */
  readonly kv: MemoryKeyValueStore
  readonly objects: MemoryObjectStorage
  readonly pods: SimPods = new Map()
  readonly executors: SimExecutor[] = []
  /** What should never be thrown. */
  readonly surprises: unknown[] = []
  readonly history: string[] = []
  archive: DataRunArchive
  #processes: Process[] = []
  #runs = 0

  static async make(seed: number, faultShare: number): Promise<World> {
    const random = new SeededRandom(seed)
    const clock = new SimClock()
    const kv = new MemoryKeyValueStore({ clock, random })
    const objects = new MemoryObjectStorage({ clock })
    const archive = await DataRunArchive.open({ kv, objects, clock, random, log: silentLog })
    const world = new World({ random, clock, kv, objects, archive, faults: new Faults(random, faultShare) })
    for (let n = 0; n < processCount; n++) world.#processes.push(await world.#startProcess())
    for (let n = 0; n < executorCount; n++) world.#addExecutor()
    return world
  }

  private constructor(parts: Pick<World, 'random' | 'clock' | 'kv' | 'objects' | 'archive' | 'faults'>) {
    this.random = parts.random
    this.clock = parts.clock
    this.kv = parts.kv
    this.objects = parts.objects
    this.archive = parts.archive
    this.faults = parts.faults
  }

  /** Something happens. */
  async step(): Promise<void> {
    const actions: [weight: number, name: string, action: () => Promise<unknown>][] = [
      [4, 'create', () => this.#create()],
      [6, 'schedule', () => this.#process().scheduler.step()],
      [4, 'dispatch', () => this.#process().runService.dispatcher.step(new AbortController().signal)],
      [12, 'poll', () => this.#executor().poll()],
      [30, 'work', () => this.#executor().work()],
      [3, 'approve', () => this.#approve()],
      [0.5, 'stop', () => this.#onRun('running', (service, id) => service.stopRun(id))],
      [0.5, 'cancel', () => this.#onRun('queued', (service, id) => service.changeRunPhase(id, 'cancelled'))],
      [1, 'restart', () => this.#restart()],
      [4, 'wait', () => this.clock.advance(this.random.below(3000))],
      [1, 'wait long', () => this.clock.advance(20_000)],
      [0.3, 'clock jumps', async () => this.clock.jumpTo(this.clock.now() + (this.random.below(3) - 1) * 90_000)],
      [1, 'executor crashes', async () => this.#executor().crash()],
      [2, 'executor restarts', async () => this.#executor().restart()],
      [0.3, 'executor is replaced', () => this.#replaceExecutor()],
      [1, 'process restarts', () => this.#restartProcess()],
    ]
    const total = actions.reduce((sum, [weight]) => sum + weight, 0)
    let at = this.random.fraction() * total
    const chosen = actions.find(([weight]) => {
      at -= weight
      return at < 0
    })
    if (chosen === undefined) return
    this.history.push(chosen[1])
    this.#inBackground(chosen[2])
    await this.settle()
  }

  /** Nothing goes wrong any more, and everybody does what is to be done until all runs are over. */
  async finish(roundsMax = 400): Promise<void> {
    this.faults.isOn = false
    for (let round = 0; round < roundsMax; round++) {
      for (const executor of this.executors) executor.restart()
      for (const { runService, scheduler } of this.#processes) {
        this.#inBackground(() => runService.dispatcher.step(new AbortController().signal))
        this.#inBackground(() => scheduler.step())
      }
      for (const executor of this.executors) {
        this.#inBackground(() => executor.poll())
        for (let n = 0; n < 3; n++) this.#inBackground(() => executor.work())
      }
      this.#inBackground(() => this.#approve())
      await this.settle()
      await this.clock.advance(1500)
      const { entries } = await this.kv.range({ prefix: 'runservice/runs/', keysOnly: true })
      if (entries.length === 0 && this.pods.size === 0) return
    }
  }

  async close(): Promise<void> {
    const ending = Promise.all(this.#processes.map((process) => this.#end(process)))
    // What waits for a while to try again finds that it is over.
    for (let n = 0; n < 30; n++) await this.clock.advance(1000)
    await ending
  }

  async settle(): Promise<void> {
    for (let n = 0; n < 6; n++) await settled()
  }

  async #startProcess(): Promise<Process> {
    const process: Partial<Process> & { isDead: boolean } = { isDead: false }
    const kv = this.#connect(process)
    const archive = await DataRunArchive.open({ ...this.#stores(), kv: this.kv.another() })
    const runService = new RunService({
      ...this.#stores(),
      kv,
      archive,
      executors: { clientFor: ({ id }) => this.#clientFor(id) },
      secrets: { forRun: () => new Map() },
    })
    const scheduler = new Scheduler({ runService: this.faults.line(runService), clock: this.clock, log: silentLog })
    const started = Object.assign(process, { runService, scheduler })
    this.#inBackground(() => follow(started, this.clock))
    return started
  }

  #stores() {
    return { objects: this.objects, clock: this.clock, random: this.random, log: silentLog }
  }

  #connect(process: { isDead: boolean }): KeyValueStore {
    const fails = () => process.isDead || this.faults.happens()
    return new FaultyKeyValueStore(this.kv.another(), {
      read: () => (fails() ? 'unreachable' : 'none'),
      txn: (): TxnFault => {
        if (process.isDead) return 'unreachable'
        return fails() ? (this.faults.pick<TxnFault>('unreachable', 'unknownBefore', 'unknownAfter') ?? 'none') : 'none'
      },
      watch: () => (fails() ? (this.faults.pick('late', 'compacted') ?? 'none') : 'none'),
    })
  }

  #addExecutor(): void {
    const { random, pods } = this
    const now = () => this.clock.now()
    const runService = () => this.faults.line(this.#process().runService)
    this.executors.push(new SimExecutor({ id: random.uuid(), random, pods, now, runService }))
  }

  #clientFor(id: string): ExecutorClient | null {
    const executor = this.executors.find((candidate) => candidate.id === id)
    return executor === undefined ? null : this.faults.line(executor)
  }

  /** An executor dies for good, a person takes it off the list, and another one comes. */
  async #replaceExecutor(): Promise<void> {
    const gone = this.#executor()
    gone.crash()
    this.executors.splice(this.executors.indexOf(gone), 1)
    for (const [pod, { executorId }] of this.pods) if (executorId === gone.id) this.pods.delete(pod)
    this.#addExecutor()
    for (let isDeleted = false; !isDeleted; ) {
      await this.#process()
        .runService.deleteExecutor(gone.id)
        .then(
          () => (isDeleted = true),
          (error: unknown) => (isDeleted = error instanceof AgolaError && error.code === 'executorDoesNotExist'),
        )
    }
  }

  async #restartProcess(): Promise<void> {
    const index = this.random.below(this.#processes.length)
    const old = this.#processes[index]
    const started = await this.#startProcess()
    this.#processes[index] = started
    if (old !== undefined) await this.#end(old)
  }

  async #end(process: Process): Promise<void> {
    process.isDead = true
    await Promise.all([process.scheduler.close(), process.runService.close()])
  }

  async #create(): Promise<void> {
    if (this.#runs >= runsMax) return
    this.#runs += 1
    const group = groups[this.random.below(groups.length)] ?? ''
    await this.#process().runService.createRun(aCreateRequest(this.#sketches(), { group }))
  }

  #sketches(): TaskSketch[] {
    const chance = (share: number) => this.random.fraction() < share
    return Array.from({ length: 1 + this.random.below(6) }, (_, index): TaskSketch => {
      const parents = Array.from({ length: index }, (_, n) => `${this.#runs}-${n}`).filter(() => chance(0.35))
      const conditions = (): DependCondition[] => {
        const all: DependCondition[] = ['on_success', 'on_failure', 'on_skipped']
        return chance(0.7) ? ['on_success'] : all.filter(() => chance(0.6)).concat('on_success')
      }
      return {
        name: `${this.#runs}-${index}`,
        depends: Object.fromEntries(withoutImplied(parents).map((parent) => [parent, conditions()])),
        skip: chance(0.1),
        needsApproval: chance(0.1),
        ignoreFailure: chance(0.2),
        steps: [...(chance(0.4) ? [aSaveStep] : []), aRunStep(), ...(chance(0.3) ? [aRestoreStep] : [])],
      }
    })
  }

  async #restart(): Promise<void> {
    if (this.#runs >= runsMax) return
    const { runService } = this.#process()
    const { runs } = await runService.listRuns({ limit: 10 })
    const run = runs.filter((candidate) => isRunFinished(candidate.phase))[this.random.below(3)]
    if (run === undefined) return
    this.#runs += 1
    const fromStart = this.random.below(2) === 0
    await runService.restartRun({ runId: run.id, fromStart, environment: {} })
  }

  async #approve(): Promise<void> {
    const { runService } = this.#process()
    const { runs } = await runService.listRuns({ phases: ['running'] })
    for (const { id } of runs) {
      const { run } = await runService.getRun(id)
      const waiting = Object.values(run.tasks).find((task) => task.waitingApproval && !task.annotations.approvers)
      if (waiting !== undefined) await runService.addTaskApprover(id, waiting.id, 'ann')
    }
  }

  async #onRun(phase: 'queued' | 'running', act: (service: RunService, id: string) => Promise<void>): Promise<void> {
    const { runService } = this.#process()
    const { runs } = await runService.listRuns({ phases: [phase] })
    const run = runs[this.random.below(runs.length)]
    if (run !== undefined) await act(runService, run.id)
  }

  #process(): Process {
    const process = this.#processes[this.random.below(this.#processes.length)]
    if (process === undefined) throw new Error('there is no process')
    return process
  }

  #executor(): SimExecutor {
    const executor = this.executors[this.random.below(this.executors.length)]
    if (executor === undefined) throw new Error('there is no executor')
    return executor
  }

  /** What is refused or lost is part of the game; our own mistakes are not. */
  #inBackground(action: () => Promise<unknown>): void {
    action().catch((error: unknown) => {
      if (!(error instanceof AgolaError) || error.kind === 'internal') this.surprises.push(error)
    })
  }
}

/** A process that cannot read the store when it starts tries again. */
async function follow(process: Process, clock: SimClock): Promise<void> {
  for (let isFollowing = false; !isFollowing && !process.isDead; ) {
    try {
      await process.runService.follow()
      isFollowing = true
    } catch (error) {
      if (!(error instanceof AgolaError) || error.kind !== 'unavailable') throw error
      await clock.sleep(500)
    }
  }
}

/** Of parents by number, a later one may depend on an earlier one: only the last is kept, which the graph check always accepts. */
function withoutImplied(parents: string[]): string[] {
  return parents.slice(-1)
}

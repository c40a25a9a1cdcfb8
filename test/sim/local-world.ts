import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { MemoryKeyValueStore } from '../../src/engine/adapters/kv/memory.ts'
import { MemoryObjectStorage } from '../../src/engine/adapters/objects/memory.ts'
import { Executor } from '../../src/engine/executor/executor.ts'
import { AgolaError } from '../../src/engine/model/errors.ts'
import { DataRunArchive } from '../../src/engine/runservice/data-run-archive.ts'
import { RunService } from '../../src/engine/runservice/run-service.ts'
import { Scheduler } from '../../src/engine/scheduler/scheduler.ts'
import { aRunStep, type TaskSketch } from '../support/a-run-config.ts'
import { aCreateRequest, silentLog } from '../support/a-run-service.ts'
import { FakeEngine, FakePodDriver } from '../support/fake-pod-driver.ts'
import { SeededRandom } from '../support/seeded-random.ts'
import { SimClock, settled } from '../support/sim-clock.ts'
import { Faults } from './faults.ts'

/** A process as a terminal has it: run service, scheduler and a real executor, which owns the runs made there. */
interface Terminal {
  executor: Executor
  driver: FakePodDriver
  runService: RunService
  scheduler: Scheduler
  own: Set<string>
  /** Until it closes or dies. */
  life: AbortController
}

const terminalCount = 2
const runsMax = 6
const clockJumpMs = 3_600_000
/** Tasks whose command never ends are over by it, whatever the wall clock does. */
const taskTimeoutIntervalMs = 5_000
const endless = 'sleep infinity'

/** Terminals of one user: real executors over fake pods, one store, one container engine. Calls between a run service and its executor get
 *  lost, pods end by themselves, processes die, commands never end, the wall clock jumps. What executors write goes through real files, so
 *  only the order of what happens follows from the seed, not every interleaving. */
export class LocalWorld {
  readonly random: SeededRandom
  readonly faults: Faults
  readonly clock = new SimClock()
  readonly engine = new FakeEngine()
  readonly kv: MemoryKeyValueStore
  readonly surprises: unknown[] = []
  readonly violations: string[] = []
  readonly #objects: MemoryObjectStorage
  readonly #directory: string
  #terminals: Terminal[] = []
  #runs = 0

  static async make(seed: number): Promise<LocalWorld> {
    const world = new LocalWorld(seed, await mkdtemp(join(tmpdir(), 'agola-sim-')))
    for (let n = 0; n < terminalCount; n++) await world.#open()
    return world
  }

  private constructor(seed: number, directory: string) {
    this.random = new SeededRandom(seed)
    this.faults = new Faults(this.random, 0.03)
    this.kv = new MemoryKeyValueStore(this)
    this.#objects = new MemoryObjectStorage(this)
    this.#directory = directory
  }

  async step(): Promise<void> {
    const chosen = this.random.fraction()
    const terminal = this.#terminals[this.random.below(terminalCount)]
    if (terminal === undefined) return
    if (chosen < 0.15) this.#inBackground(() => this.#create(terminal))
    else if (chosen < 0.2) this.#inBackground(() => this.#stop(terminal))
    else if (chosen < 0.3) this.#endPod()
    else if (chosen < 0.33) await this.#die(terminal)
    else if (chosen < 0.36) this.clock.jumpTo(this.clock.now() + (this.random.below(3) - 1) * clockJumpMs)
    else await this.clock.advance(this.random.below(2000))
    await this.settle()
  }

  /** Nothing goes wrong any more; time passes until every run is over and no pod is left. */
  async finish(): Promise<void> {
    this.faults.isOn = false
    for (let round = 0; round < 300 && (await this.openRuns()).length + this.engine.pods.size > 0; round++) {
      await this.clock.advance(1000)
      await this.settle()
    }
  }

  async openRuns(): Promise<string[]> {
    const { entries } = await this.kv.range({ prefix: 'runservice/runs/' })
    return entries.map((entry) => Buffer.from(entry.value).toString())
  }

  async close(): Promise<void> {
    this.faults.isOn = false
    for (const terminal of this.#terminals) await this.#end(terminal)
    await rm(this.#directory, { recursive: true, force: true })
  }

  /** Files take real time: long enough for what is under way to come to a rest, most of the time. */
  async settle(): Promise<void> {
    for (let n = 0; n < 20; n++) await settled()
    await new Promise((resolve) => setTimeout(resolve, 1))
  }

  async #open(): Promise<void> {
    const { clock, random } = this
    const stores = { kv: this.kv.another(), objects: this.#objects, clock, random, log: silentLog }
    const id = random.uuid()
    const clients = new Map<string, Executor>()
    const runService = new RunService({
      ...stores,
      archive: await DataRunArchive.open(stores),
      executors: { clientFor: (executor) => (executor.id === id ? this.#lineTo(clients.get(id)) : null) },
      secrets: { forRun: () => new Map() },
      owner: id,
      failUnplaceableTasks: true,
    })
    const driver = this.#driver()
    const executor = new Executor({
      ...{ id, group: 'group-1', driver, clock, random, log: silentLog, pull: 'missing', stopGraceMs: 1000 },
      runService: this.faults.line(runService),
      sources: { openSource: () => Promise.reject(new Error('there is no source')) },
      dataDir: join(this.#directory, id),
      activeTasksLimit: 2,
      allowPrivileged: false,
      siblings: async () => this.#terminals.map((terminal) => terminal.executor.id),
    })
    clients.set(id, executor)
    const own = new Set<string>()
    const scopeOf = (run: { id: string }) => (own.has(run.id) ? 'here' : null)
    const scheduler = new Scheduler({ runService, clock, log: silentLog, scopeOf })
    const life = new AbortController()
    this.#terminals.push({ executor, driver, runService, scheduler, own, life })
    await runService.start()
    this.#repeat(executor, life.signal)
    scheduler.start()
  }

  #driver(): FakePodDriver {
    const driver = new FakePodDriver(this.engine)
    driver.when(() => this.faults.happens(), 1)
    driver.when(endless, () => new Promise<number>(() => undefined))
    return driver.when('uid=$(', async (process) => {
      await process.write('/root/project\0/root\0git\0')
      return 0
    })
  }

  #lineTo(executor: Executor | undefined): Executor | null {
    return executor === undefined ? null : this.faults.line(executor)
  }

  #repeat(executor: Executor, signal: AbortSignal): void {
    for (const { step, intervalMs } of executor.loops) {
      const repeat = async () => {
        while (!signal.aborted) {
          this.#inBackground(() => step(signal))
          await this.clock.sleep(intervalMs, signal).catch(() => undefined)
        }
      }
      void repeat()
    }
  }

  async #create({ runService, own }: Terminal): Promise<void> {
    if (this.#runs >= runsMax) return
    this.#runs += 1
    const prefix = this.#runs
    const sketches = Array.from({ length: 1 + this.random.below(4) }, (_, n): TaskSketch => {
      const depends = n === 0 || this.random.below(3) === 0 ? [] : [`${prefix}-${n - 1}`]
      const second = this.random.below(2) === 0 ? aRunStep('hang', endless) : aRunStep()
      return { name: `${prefix}-${n}`, depends, steps: [aRunStep(), second], taskTimeoutIntervalMs }
    })
    const { run } = await runService.createRun(aCreateRequest(sketches))
    own.add(run.id)
  }

  async #stop({ runService }: Terminal): Promise<void> {
    const { runs } = await runService.listRuns({ phases: ['running'] })
    const run = runs[this.random.below(runs.length)]
    if (run !== undefined) await runService.stopRun(run.id)
  }

  #endPod(): void {
    const pods = [...this.engine.pods.values()]
    const pod = pods[this.random.below(pods.length * 4)]
    pod?.end({ reason: 'outOfMemory', exitCode: 137 })
  }

  /** As by SIGKILL: nothing is said to anybody. A new terminal comes in its place. */
  async #die(terminal: Terminal): Promise<void> {
    this.#terminals.splice(this.#terminals.indexOf(terminal), 1)
    terminal.driver.crash()
    await this.#end(terminal)
    await this.#open()
  }

  async #end({ executor, driver, runService, scheduler, life }: Terminal): Promise<void> {
    life.abort(new AgolaError('storeClosed', 'the terminal was closed'))
    const closing = Promise.all([scheduler.close(), runService.close(), executor.close()])
    for (let n = 0; n < 15; n++) await this.clock.advance(1000)
    await closing
    // A dead process cannot use its driver, however hard what is left of it here tries.
    this.violations.push(...driver.violations.filter((violation) => violation !== 'createPod after close'))
  }

  #inBackground(action: () => Promise<unknown>): void {
    action().catch((error: unknown) => {
      if (!(error instanceof AgolaError) || error.kind === 'internal') this.surprises.push(error)
    })
  }
}

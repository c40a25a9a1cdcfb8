import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { MemoryKeyValueStore } from '../../../../src/engine/adapters/kv/memory.ts'
import { SqliteKeyValueStore } from '../../../../src/engine/adapters/kv/sqlite.ts'
import { MemoryObjectStorage } from '../../../../src/engine/adapters/objects/memory.ts'
import type { KeyValueStore } from '../../../../src/engine/ports/key-value-store.ts'
import { MortalTables, passing, RunningReadModel, runTables } from '../../../support/a-read-model.ts'
import { type HistoryStores, queries, RunHistory, rowsIn } from '../../../support/a-run-history.ts'
import { CrashPlan } from '../../../support/crashing-ports.ts'
import { FaultyKeyValueStore } from '../../../support/faulty-kv.ts'
import { SeededRandom } from '../../../support/seeded-random.ts'
import { SimClock } from '../../../support/sim-clock.ts'

let directory: string
beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), 'agola-read-model-'))
})
afterEach(() => rm(directory, { recursive: true }))

/** Stores, a history in them, and a copy that follows it through everything that a seed chooses. */
class World {
  readonly random: SeededRandom
  readonly #clock = new SimClock()
  readonly #newKv: () => KeyValueStore
  readonly #tables = join(directory, `tables-${String(counter++)}`)
  #stores: HistoryStores
  #history!: RunHistory
  #kept: Uint8Array[] | undefined
  #model: { running: RunningReadModel; tables: MortalTables; plan: CrashPlan; kv: KeyValueStore } | null = null

  private constructor(seed: number, kind: 'memory' | 'sqlite') {
    this.random = new SeededRandom(seed)
    const shared = { clock: this.#clock, random: this.random }
    const file = () => join(directory, `kv-${String(counter++)}.sqlite`)
    this.#newKv =
      kind === 'memory'
        ? () => new MemoryKeyValueStore(shared)
        : () => new SqliteKeyValueStore({ file: file(), thread: 'main', ...shared })
    this.#stores = { ...shared, objects: new MemoryObjectStorage(shared), kv: this.#newKv() }
  }

  static async make(seed: number, kind: 'memory' | 'sqlite'): Promise<World> {
    const world = new World(seed, kind)
    world.#history = await RunHistory.open(world.#stores)
    await world.#startModel()
    return world
  }

  async step(): Promise<void> {
    const history = this.#history
    const often = [() => history.create(), () => history.moveOn(), () => history.moveOn(), () => history.moveOn()]
    const rarely = [
      () => history.deleteOne(),
      () => history.checkpoint(),
      () => history.compact(),
      () => this.#keep(),
      () => history.import(this.#kept),
      () => this.#loseKv(),
      () => this.#restartModel(),
      () => this.#crashModelSoon(),
      () => this.check(),
    ]
    const choices = this.random.below(4) > 0 ? often : rarely
    await choices[this.random.below(choices.length)]?.()
    if (this.random.below(3) === 0) await this.pass(this.random.below(1500))
    if (this.#model?.plan.crashed) await this.#restartModel()
  }

  /** The copy is what a new one would be, and lists what the stores list (I18). */
  async check(): Promise<void> {
    for (const query of queries) {
      const expected = await this.#history.lists().listRuns(query)
      expect(await this.#list(query)).toEqual(expected)
    }
    const scratch = join(directory, `scratch-${String(counter++)}`)
    const fresh = new RunningReadModel(this.#modelOptions(runTables(scratch)), this.pass)
    await fresh.list()
    expect(rowsIn(this.#tables)).toEqual(rowsIn(scratch))
    await fresh.end()
  }

  async end(): Promise<void> {
    await this.#endModel()
    await this.#stores.kv.close()
  }

  readonly pass = (ms: number) => passing(this.#clock)(ms)

  async #list(query: (typeof queries)[number]) {
    for (;;) {
      const list = await this.#model?.running.list(query, () => this.#model?.plan.crashed === true)
      if (list) return list
      await this.#restartModel()
    }
  }

  #modelOptions(tables: MortalTables | ReturnType<typeof runTables>) {
    const faults = () => (this.random.below(40) === 0 ? ('compacted' as const) : ('none' as const))
    const kv = new FaultyKeyValueStore(this.#stores.kv, { watch: faults })
    return { kv, data: this.#history.archive.data, tables, clock: this.#clock }
  }

  async #startModel(crashAt = Number.POSITIVE_INFINITY): Promise<void> {
    const plan = new CrashPlan(crashAt)
    const tables = new MortalTables(runTables(this.#tables), plan)
    const options = this.#modelOptions(tables)
    this.#model = { running: new RunningReadModel(options, this.pass), tables, plan, kv: options.kv }
  }

  async #endModel(): Promise<void> {
    await this.#model?.running.end()
    await this.#model?.tables.die()
  }

  async #restartModel(): Promise<void> {
    await this.#endModel()
    await this.#startModel()
  }

  async #crashModelSoon(): Promise<void> {
    await this.#endModel()
    await this.#startModel(this.random.below(16))
  }

  async #keep(): Promise<void> {
    this.#kept = await this.#history.export()
  }

  async #loseKv(): Promise<void> {
    const lost = this.#stores.kv
    await this.#history.archive.close()
    this.#stores = { ...this.#stores, kv: this.#newKv() }
    await this.#endModel()
    await lost.close()
    this.#history = await RunHistory.open(this.#stores)
    await this.#startModel()
  }
}

let counter = 0

describe.each([
  ['memory', 25],
  ['sqlite', 8],
] as const)('a copy of the runs in %s stores', (kind, worlds) => {
  it.each(Array.from({ length: worlds }, (_, at) => at + 1))(
    'is after any history what a new one would be (seed %i)',
    async (seed) => {
      const world = await World.make(seed, kind)
      for (let step = 0; step < 60; step++) await world.step()
      await world.check()
      await world.end()
    },
  )
})

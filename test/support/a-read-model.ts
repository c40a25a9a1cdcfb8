import { SqliteRunTables } from '../../src/engine/adapters/run-tables/sqlite.ts'
import type { RunList, RunQuery } from '../../src/engine/ports/run-service.ts'
import type { RunTable, RunTables } from '../../src/engine/ports/run-tables.ts'
import { RunReadModel, type RunReadModelOptions } from '../../src/engine/runservice/read-model/run-read-model.ts'
import { silentLog } from './a-run-service.ts'
import type { CrashPlan } from './crashing-ports.ts'
import { SeededRandom } from './seeded-random.ts'
import { settled } from './sim-clock.ts'

let seed = 1

export function runTables(directory: string): SqliteRunTables {
  // No two may have the same names.
  return new SqliteRunTables({ directory, random: new SeededRandom(seed++) })
}

/** A read model at work, in a process of its own as it were. */
export class RunningReadModel {
  readonly model: RunReadModel
  readonly #pass: (ms: number) => Promise<void>
  readonly #stop = new AbortController()
  readonly #done: Promise<void>

  constructor(options: Omit<RunReadModelOptions, 'log'>, pass: (ms: number) => Promise<void>) {
    this.#pass = pass
    this.model = new RunReadModel({ ...options, log: silentLog })
    this.#done = this.model.run(this.#stop.signal)
  }

  /** The list as soon as the copy can give it; null when `isOver` says first that it never will. */
  async list(query: RunQuery = {}, isOver: () => boolean = () => false): Promise<RunList | null> {
    for (;;) {
      let list: RunList | null | undefined
      const asking = this.model.listRuns(query).then((answer) => {
        list = answer
      })
      while (list === undefined && !isOver()) await this.#pass(50)
      if (isOver()) {
        asking.catch(() => undefined)
        return null
      }
      await asking
      if (list) return list
      await this.#pass(1000)
    }
  }

  async end(): Promise<void> {
    this.#stop.abort()
    let isDone = false
    void this.#done.then(() => {
      isDone = true
    })
    while (!isDone) await this.#pass(0)
  }
}

/** Tables of a process that can die before and after each of their effects. */
export class MortalTables implements RunTables {
  readonly #inner: RunTables
  readonly #plan: CrashPlan
  readonly #opened: RunTable[] = []

  constructor(inner: RunTables, plan: CrashPlan) {
    this.#inner = inner
    this.#plan = plan
  }

  async open(): Promise<RunTable | null> {
    const table = await this.#plan.effect('open', () => this.#inner.open())
    return table && this.#mortal(table)
  }

  async create(): Promise<RunTable> {
    return this.#mortal(await this.#plan.effect('create', async () => this.#noted(await this.#inner.create())))
  }

  clear(): Promise<void> {
    return this.#plan.effect('clear', () => this.#inner.clear())
  }

  /** The end of a process closes its files. */
  async die(): Promise<void> {
    for (const table of this.#opened) await table.close()
  }

  #noted(table: RunTable): RunTable {
    this.#opened.push(table)
    return table
  }

  #mortal(table: RunTable): RunTable {
    this.#noted(table)
    const plan = this.#plan
    return {
      get position() {
        return table.position
      },
      change: (changes, position) => {
        const kind = changes.length === 0 ? 'position' : (changes[0]?.part ?? '')
        return plan.effect(`change ${kind}`, () => table.change(changes, position))
      },
      publish: () => plan.effect('publish', () => table.publish()),
      read: async (work, options) => {
        plan.check()
        return await table.read(work, options)
      },
      close: () => plan.effect('close', () => table.close()),
    }
  }
}

/** Lets simulated time pass, and files their time. */
export function passing(clock: { advance(ms: number): Promise<void> }): (ms: number) => Promise<void> {
  return async (ms) => {
    await clock.advance(ms)
    await settled()
  }
}

import { readdirSync } from 'node:fs'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { newRun } from '../../src/engine/decide/new-run.ts'
import { RunDraft } from '../../src/engine/decide/run-draft.ts'
import type { Run, RunResult } from '../../src/engine/model/run.ts'
import type { Clock } from '../../src/engine/ports/clock.ts'
import type { KeyValueStore } from '../../src/engine/ports/key-value-store.ts'
import type { ObjectStorage } from '../../src/engine/ports/object-storage.ts'
import type { RunQuery } from '../../src/engine/ports/run-service.ts'
import { DataRunArchive } from '../../src/engine/runservice/data-run-archive.ts'
import { RunService } from '../../src/engine/runservice/run-service.ts'
import { RunStore } from '../../src/engine/runservice/run-store.ts'
import { aRunConfig } from './a-run-config.ts'
import { silentLog } from './a-run-service.ts'
import type { SeededRandom } from './seeded-random.ts'

export interface HistoryStores {
  kv: KeyValueStore
  objects: ObjectStorage
  clock: Clock
  random: SeededRandom
}

const refs = ['refs/heads/main', 'refs/heads/other', 'refs/pull/7/head']
const groups = ['/user/u1/branch/main', '/user/u1/branch/main2', '/user/u2', '/project/p1/pr/7/more']

/** Filters of every kind, alone and together. */
export const queries: RunQuery[] = [
  {},
  { limit: 3 },
  { ascending: true, limit: 3 },
  { groups: ['/user/u1'], limit: 2 },
  { groups: ['/user/u1/branch/main', '/user'], results: ['success', 'unknown'] },
  { groups: ['/user/u1/branch/main/'], after: 6 },
  { groups: ['/project/p1/pr'], ref: 'refs/heads/main' },
  { groups: ['/user/u1/branch/main2'], ref: 'refs/heads/main' },
  { ref: 'refs/pull/7/head', after: 3, ascending: true, limit: 2 },
  { phases: ['queued', 'running'] },
  { phases: ['finished', 'running'], results: ['failed'], limit: 4 },
]

/** What happens to the runs of a store, a step at a time, by the code that does it in the product. */
export class RunHistory {
  readonly archive: DataRunArchive
  readonly #stores: HistoryStores
  readonly #store: RunStore

  private constructor(stores: HistoryStores, archive: DataRunArchive) {
    this.archive = archive
    this.#stores = stores
    this.#store = new RunStore({ ...stores, archive, onEvents: () => undefined })
  }

  static async open(stores: HistoryStores): Promise<RunHistory> {
    return new RunHistory(stores, await DataRunArchive.open({ ...stores, log: silentLog }))
  }

  async create(): Promise<string> {
    const { random, clock } = this.#stores
    // Large ones do not fit into a wal.
    const message = random.below(20) === 0 ? 'x'.repeat(300_000) : 'x'
    const annotations = { ref: this.#pick(refs), message }
    const config = aRunConfig([], { id: random.uuid(), group: this.#pick(groups), annotations })
    const make = (ids: { counter: number; sequence: number }): Run =>
      newRun(config, { runId: random.uuid(), runConfigId: config.id, ...ids }, clock.now())
    return (await this.#store.create({ config, owner: '', make, changedTasks: [] })).state.run.id
  }

  /** Queued, running, result, finished, in the archive, away. */
  async moveOn(): Promise<void> {
    const active = await this.#store.activeRuns()
    if (active.length === 0) return
    const stored = await this.#store.load(this.#pick(active).header.id)
    if (stored === null) return
    const { run } = stored.state
    const now = this.#stores.clock.now()
    if (run.phase === 'finished') {
      const before = await this.archive.getRun(run.id)
      if (before === null) await this.archive.putRun({ ...run, archived: true })
      else await this.#store.remove(stored)
      return
    }
    const draft = new RunDraft(stored.state)
    const { header } = draft
    if (run.phase === 'queued') draft.setHeader({ ...header, phase: 'running', startTime: now })
    else if (run.result === 'unknown')
      draft.setHeader({ ...header, result: this.#pick<RunResult>(['success', 'failed']) })
    else draft.setHeader({ ...header, phase: 'finished', endTime: now })
    await this.#store.commit(stored, draft)
  }

  async deleteOne(): Promise<void> {
    const { runs } = await this.archive.listRuns({})
    const found = runs.length === 0 ? null : await this.archive.getRun(this.#pick(runs).id)
    if (found !== null) await this.archive.deleteRun(found)
  }

  async checkpoint(): Promise<void> {
    await this.archive.data.checkpoint({ force: true })
    await this.archive.data.clean()
    await this.archive.data.close()
  }

  async compact(): Promise<void> {
    const { kv } = this.#stores
    const { revision, compactRevision } = await kv.status()
    if (revision > compactRevision) await kv.compact(revision)
  }

  /** The archive is replaced by itself, or by what it was a while ago. */
  async import(chunks?: Uint8Array[]): Promise<void> {
    const exported = chunks ?? (await this.export())
    const stream = async function* () {
      yield* exported
    }
    await this.archive.data.import(stream())
    await this.archive.data.close()
  }

  async export(): Promise<Uint8Array[]> {
    const chunks: Uint8Array[] = []
    for await (const chunk of this.archive.data.export()) chunks.push(chunk)
    return chunks
  }

  /** Lists as they are without a copy. */
  lists(): RunService {
    const executors = { clientFor: () => null }
    const secrets = { forRun: () => new Map() }
    return new RunService({ ...this.#stores, archive: this.archive, executors, secrets, log: silentLog })
  }

  #pick<T>(items: readonly T[]): T {
    const item = items[this.#stores.random.below(items.length)]
    if (item === undefined) throw new Error('there is nothing to pick from')
    return item
  }
}

/** Every row of the tables in a directory, whether it is listed or not. */
export function rowsIn(directory: string): unknown[] {
  const files = readdirSync(directory).filter((file) => file.endsWith('.sqlite'))
  if (files.length !== 1) throw new Error(`there are ${files.length} tables`)
  const db = new DatabaseSync(join(directory, files[0] ?? ''), { readOnly: true })
  try {
    return db.prepare('SELECT * FROM run ORDER BY is_active, id').all()
  } finally {
    db.close()
  }
}

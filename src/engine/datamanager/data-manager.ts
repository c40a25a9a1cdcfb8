import { AgolaError, hasCode, messageOf } from '../model/errors.ts'
import type { CallOptions } from '../ports/call-options.ts'
import type { Action } from './action.ts'
import { type ChangeGroupToken, takeToken } from './change-groups.ts'
import { checkpoint } from './checkpoint.ts'
import { clean } from './clean.ts'
import { collectOrphans } from './collect-orphans.ts'
import { createContext, type DataManagerContext, type DataManagerOptions } from './context.ts'
import { DataFeed } from './data-feed.ts'
import type { DataStatus } from './data-status.ts'
import type { DataEntry, DataIndex, OwnedEntry } from './data-type.ts'
import { type DecisionReader, decideAndWrite } from './decision.ts'
import { findIdProblem } from './entry-id.ts'
import { exportData } from './export-data.ts'
import { type ImportOptions, importData } from './import-data.ts'
import { initialise } from './initialise.ts'
import { scanEntries, scanIndex } from './list-entries.ts'
import { Maintenance } from './maintenance.ts'
import { readPointer } from './read-wals.ts'
import type { Sequence } from './sequence.ts'
import type { IdRange } from './snapshot.ts'
import { syncWals } from './sync.ts'
import { type View, Views } from './view.ts'
import { type WriteOptions, type WriteResult, Writer } from './writer.ts'

const readAttemptsMax = 4

export interface ListOptions extends CallOptions {
  /** Only ids that start with it. */
  prefix?: string
  /** Only ids behind this one, in the direction of the list. */
  after?: string
  limit?: number
  descending?: boolean
}

export interface DataWriteOptions extends WriteOptions {
  /** 'store' (default): answered when the key-value store has it. 'storage': when object storage has it too. */
  durability?: 'store' | 'storage'
}

/** A database of (data type, id) → bytes. Writes are committed to the key-value store and folded into snapshots on object storage later;
 *  readers see every acknowledged write, of any process (spec/storage.md 5, 13.5). Works only when called: see `maintenance`. */
export class DataManager {
  /** Syncs, makes snapshots and cleans, step by step; for the loop of a process that lives long. */
  readonly maintenance: Maintenance
  /** For copies of the data that follow it. */
  readonly feed: DataFeed
  readonly #context: DataManagerContext
  readonly #views: Views
  readonly #writer: Writer

  private constructor(context: DataManagerContext) {
    this.#context = context
    this.#views = new Views(context)
    this.#writer = new Writer(context, this.#views)
    this.maintenance = new Maintenance(context)
    this.feed = new DataFeed(context)
  }

  /** Costs one small read when the store was used before. After a loss of the key-value store it restores what object storage has:
   *  `noDataStatus` and `storeUnusable` tell what is missing there. */
  static async open(options: DataManagerOptions, call: CallOptions = {}): Promise<DataManager> {
    checkNames(options)
    const context = createContext(options)
    await initialise(context, call)
    return new DataManager(context)
  }

  /** All actions or none. `changeGroupUpdated`, `concurrentUpdate`: read again, decide again. `outcomeUnknown`: it may have happened. */
  async write(actions: readonly Action[], options: DataWriteOptions = {}): Promise<WriteResult> {
    if (actions.length === 0) throw new AgolaError('assertionFailed', 'a write needs at least one action')
    for (const { dataType, id } of actions) this.#check(dataType, id)
    const result = await this.#writer.write(actions, options)
    if (options.durability === 'storage') await this.#store(options)
    return result
  }

  /** Whatever fails here, the write itself is committed: to say that the store did not take it would have it made twice. */
  async #store({ signal }: CallOptions): Promise<void> {
    try {
      await syncWals(this.#context, { signal })
    } catch (error) {
      signal?.throwIfAborted()
      const message = `the write is committed, but whether object storage has it is unknown (${messageOf(error)}): sync again`
      throw new AgolaError('outcomeUnknown', message, { cause: error })
    }
  }

  /** Taken before the data is read on which a write depends. */
  changeGroupToken(names: readonly string[], options: CallOptions = {}): Promise<ChangeGroupToken> {
    return takeToken(this.#context, names, options)
  }

  /** See `decideAndWrite`. */
  async update<T>(
    decide: (reader: DecisionReader) => Promise<{ actions: readonly Action[]; result: T }>,
    options: CallOptions = {},
  ): Promise<T> {
    return await decideAndWrite(this.#context, this, decide, options)
  }

  /** `dataDoesNotExist` when there is no such entry. */
  async get(dataType: string, id: string, options: CallOptions = {}): Promise<Uint8Array> {
    const data = await this.find(dataType, id, options)
    if (data !== null) return data
    throw new AgolaError('dataDoesNotExist', `there is no ${dataType} "${id}"`, { details: { dataType, id } })
  }

  /** null when there is no such entry. */
  async find(dataType: string, id: string, options: CallOptions = {}): Promise<Uint8Array | null> {
    this.#check(dataType, id)
    return this.#read(options, async (view) => {
      const latest = view.overlay.get(dataType, id)
      if (latest !== undefined) return latest
      return (await view.snapshot?.get(dataType, id, options)) ?? null
    })
  }

  /** Entries in byte order of their ids. */
  list(dataType: string, options: ListOptions = {}): Promise<DataEntry[]> {
    this.#check(dataType)
    return this.#read(options, async (view) => {
      const entries = await take(scanEntries(view, dataType, rangeOf(options), options), options)
      return entries.map(({ id, data }) => ({ id, data }))
    })
  }

  /** Entries of an index in byte order of their keys; reads no more of it than it gives. */
  listIndex(name: string, options: ListOptions = {}): Promise<OwnedEntry[]> {
    const { dataType, index } = this.#findIndex(name)
    return this.#read(options, (view) => take(scanIndex(view, dataType, index, rangeOf(options), options), options))
  }

  /** Brings all committed writes to object storage. For any process, at any time. */
  async sync(options: CallOptions = {}): Promise<void> {
    await syncWals(this.#context, options)
  }

  /** Makes a snapshot when enough was written, or with `force` when anything was. Waits for the lead. */
  async checkpoint(options: CallOptions & { force?: boolean } = {}): Promise<boolean> {
    return this.maintenance.asLeader(options, async (fence) => {
      await syncWals(this.#context, options)
      return checkpoint(this.#context, fence, options)
    })
  }

  /** Removes what is not needed any more; with `orphans` also what failed writes left more than an hour ago. Waits for the lead. */
  async clean(options: CallOptions & { orphans?: boolean } = {}): Promise<void> {
    await this.maintenance.asLeader(options, async (fence) => {
      await clean(this.#context, fence, options)
      if (options.orphans === true) await collectOrphans(this.#context, fence, options)
    })
  }

  /** The manifest of the newest snapshot; `noDataStatus` before the first one. */
  async dataStatus(options: CallOptions = {}): Promise<DataStatus> {
    for (;;) {
      const pointer = await readPointer(this.#context, options)
      if (pointer === null) throw new AgolaError('noDataStatus', 'no snapshot has been made yet')
      try {
        return await this.#context.store.readStatus(pointer.dataSequence, options)
      } catch (error) {
        const isReplaced = (await readPointer(this.#context, options))?.dataSequence !== pointer.dataSequence
        if (!hasCode(error, 'objectDoesNotExist') || !isReplaced) throw error
      }
    }
  }

  /** The last committed wal: equal as long as nothing is written. */
  async lastWal(options: CallOptions = {}): Promise<Sequence> {
    return (await this.#views.current(options)).lastWal
  }

  /** All entries as of now, as a stream of JSON lines. */
  export(options: CallOptions = {}): AsyncIterable<Uint8Array> {
    return exportData(this.#context, this.#views, options)
  }

  /** Replaces all data by that of an export, in one step at its end. `importInvalid` names the line that is wrong; the old data stays then. */
  async import(chunks: AsyncIterable<Uint8Array>, options: ImportOptions = {}): Promise<void> {
    await this.maintenance.asLeader(options, (fence) => importData(this.#context, fence, chunks, options))
    this.#views.forget()
  }

  /** Gives up the lead. The stores stay open: they belong to the caller. */
  async close(): Promise<void> {
    await this.maintenance.close()
  }

  /** A cleaner removes files under a reader only when its snapshot is the fourth last: then it reads the newest. */
  async #read<T>(options: CallOptions, read: (view: View) => Promise<T>): Promise<T> {
    for (let attempt = 1; ; attempt++) {
      try {
        return await read(await this.#views.current(options))
      } catch (error) {
        if (!hasCode(error, 'objectDoesNotExist')) throw error
        if (attempt >= readAttemptsMax)
          throw new AgolaError('storeUnusable', 'a data file is missing in object storage', { cause: error })
        this.#views.forget()
      }
    }
  }

  #findIndex(name: string): { dataType: string; index: DataIndex } {
    for (const dataType of this.#context.dataTypes) {
      const index = dataType.indexes?.find((other) => other.name === name)
      if (index !== undefined) return { dataType: dataType.name, index }
    }
    throw new AgolaError('assertionFailed', `there is no index "${name}"`)
  }

  #check(dataType: string, id?: string): void {
    if (this.#context.dataTypes.every(({ name }) => name !== dataType)) {
      throw new AgolaError('assertionFailed', `there is no data type "${dataType}"`)
    }
    const problem = id === undefined ? null : findIdProblem(id)
    if (problem !== null) throw new AgolaError('keyInvalid', problem)
  }
}

function rangeOf({ prefix = '', after, descending = false }: ListOptions): IdRange {
  const within = prefix === '' ? {} : { from: prefix, below: `${prefix}\u{10ffff}` }
  if (after === undefined) return { ...within, descending }
  return { ...within, ...(descending ? { below: after } : { above: after }), descending }
}

async function take<T>(entries: AsyncGenerator<T>, { limit = Number.POSITIVE_INFINITY }: ListOptions): Promise<T[]> {
  const taken: T[] = []
  if (limit <= 0) return taken
  for await (const entry of entries) {
    taken.push(entry)
    if (taken.length >= limit) break
  }
  return taken
}

function checkNames({ dataTypes }: DataManagerOptions): void {
  const names = dataTypes.flatMap(({ name, indexes = [] }) => [name, ...indexes.map((index) => index.name)])
  const wrong = names.find((name, at) => !/^[a-zA-Z0-9-]+$/.test(name) || names.indexOf(name) !== at)
  if (wrong !== undefined)
    throw new AgolaError('assertionFailed', `"${wrong}" is no name for a data type or index, or it is taken`)
}

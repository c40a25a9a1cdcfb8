import type { DataManager } from '../../datamanager/data-manager.ts'
import { AgolaError, hasCode, messageOf } from '../../model/errors.ts'
import type { CallOptions } from '../../ports/call-options.ts'
import type { Clock } from '../../ports/clock.ts'
import type { KeyValueStore, WatchBatch } from '../../ports/key-value-store.ts'
import type { Log } from '../../ports/log.ts'
import type { RunList, RunQuery } from '../../ports/run-service.ts'
import type { RunTable, RunTablePosition, RunTables } from '../../ports/run-tables.ts'
import { ChangeSignal } from '../../std/change-signal.ts'
import { keys } from '../keys.ts'
import { buildRunTable } from './build-run-table.ts'
import { changesOf } from './run-changes.ts'

export interface RunReadModelOptions {
  kv: KeyValueStore
  /** Where archived runs are; over the same `kv`. */
  data: DataManager
  tables: RunTables
  clock: Clock
  log: Log
}

/** Pause after whatever went wrong. */
const retryMs = 1000
/** How long a list waits for the copy before it is read from the stores. */
const catchUpMsMax = 1000
/** So many revisions without a change of a run are stored as one step. */
const revisionsUnstoredMax = 1000n
const moved = 'moved'

/** The copy cannot be trusted any more: it is thrown away and made again. */
class Doubt extends Error {}

/** A copy of all runs in tables that filters can be asked of, for processes that answer many lists (spec/storage.md 9.4). It follows the
 *  key-value store over one stream with one cursor. Lists never show less than what was acknowledged before they were asked for: where the
 *  copy is not that far, they are the stores' affair. */
export class RunReadModel {
  readonly #options: RunReadModelOptions
  readonly #changes = new ChangeSignal()
  /** The one that is followed; null while there is none. */
  #table: RunTable | null = null
  /** Where the table stands, when that is further than it has stored. */
  #position: RunTablePosition | null = null
  /** Aborted with what makes the table doubtful to a reader. */
  #doubt = new AbortController()

  constructor(options: RunReadModelOptions) {
    this.#options = options
  }

  /** Follows the stores until `signal`, over everything that can happen to them. */
  async run(signal: AbortSignal): Promise<void> {
    const { clock, log } = this.#options
    while (!signal.aborted) {
      this.#doubt = new AbortController()
      const failure = await this.#follow(AbortSignal.any([signal, this.#doubt.signal])).catch((error: unknown) => error)
      if (signal.aborted || hasCode(failure, 'storeClosed')) break
      const reason: unknown = this.#doubt.signal.aborted ? this.#doubt.signal.reason : failure
      // A store that cannot be reached says nothing against the copy.
      const isKept = hasCode(reason, 'storeUnreachable')
      log.warn(`the list of runs is ${isKept ? 'not followed' : 'made again'}`, { reason: messageOf(reason) })
      if (!isKept) await this.#quietly(this.#discard())
      await clock.sleep(retryMs, signal).catch(() => undefined)
    }
    await this.#quietly(this.#end())
  }

  /** Every run written before the call, as the stores would list them; null when the copy cannot tell yet. */
  async listRuns(query: RunQuery, options: CallOptions = {}): Promise<RunList | null> {
    if (this.#table === null) return null
    const { kv, data } = this.#options
    const [{ entry: event }, { generation, writtenAt }] = await Promise.all([
      kv.get(keys.runEventSequence, options),
      data.feed.position(options),
    ])
    const eventAt = event?.modRevision ?? 0n
    const wanted = { generation, revision: eventAt > writtenAt ? eventAt : writtenAt }
    const table = await this.#caughtUp(wanted, options)
    if (table === null) return null
    try {
      return await table.read((reader) => reader.list(query), options)
    } catch (error) {
      options.signal?.throwIfAborted()
      if (this.#table === table) this.#doubt.abort(error)
      return null
    }
  }

  /** Ends by throwing. */
  async #follow(signal: AbortSignal): Promise<never> {
    const { kv } = this.#options
    const table = (await this.#continued(signal)) ?? (await this.#made(signal))
    const position = positionOf(table)
    this.#position = position
    this.#table = table
    this.#changes.changed(moved)
    for await (const batch of kv.watch({ prefix: '', from: position.revision + 1n }, { signal })) {
      await this.#apply(table, batch, signal)
    }
    throw new Doubt('the stream of changes has ended')
  }

  /** The table from before, when its history is that of the stores as they are now. */
  async #continued(signal: AbortSignal): Promise<RunTable | null> {
    const table = this.#table ?? (await this.#options.tables.open())
    if (table === null) return null
    try {
      if (await this.#isHistory(table.position, signal)) return table
    } catch (error) {
      if (this.#table === null) await table.close()
      throw error
    }
    if (this.#table !== null) throw new Doubt('the stores have another history')
    await table.close()
    return null
  }

  async #isHistory(position: RunTablePosition | null, signal: AbortSignal): Promise<boolean> {
    if (position === null) return false
    const { kv, data } = this.#options
    const { storeId, revision } = await kv.status({ signal })
    if (storeId !== position.storeId || revision < position.revision) return false
    try {
      const then = await data.feed.position({ signal, revision: position.revision })
      return then.generation === position.generation && then.lastWal === position.lastWal
    } catch (error) {
      if (hasCode(error, 'revisionCompacted', 'notReady')) return false
      throw error
    }
  }

  async #made(signal: AbortSignal): Promise<RunTable> {
    const table = await this.#options.tables.create()
    try {
      await buildRunTable(table, this.#options, { signal })
      return table
    } catch (error) {
      await table.close()
      throw error
    }
  }

  async #apply(table: RunTable, batch: WatchBatch, signal: AbortSignal): Promise<void> {
    const position = this.#position
    if (position === null || batch.revision <= position.revision) return
    const { data, log } = this.#options
    const next = await changesOf(batch, position, { feed: data.feed, log }, { signal })
    if (next === null) throw new Doubt('the data was replaced, or a part of its history is missing')
    const stored = positionOf(table).revision
    if (next.changes.length > 0 || batch.revision - stored >= revisionsUnstoredMax) {
      await table.change(next.changes, next.position)
    }
    this.#position = next.position
    this.#changes.changed(moved)
  }

  /** The table once it shows what is wanted; null when it does not soon. */
  async #caughtUp(
    wanted: Pick<RunTablePosition, 'generation' | 'revision'>,
    { signal }: CallOptions,
  ): Promise<RunTable | null> {
    const over = new AbortController()
    const waiting = signal === undefined ? over.signal : AbortSignal.any([signal, over.signal])
    let isTimed = false
    try {
      for (;;) {
        const version = this.#changes.version(moved)
        if (this.#table === null || this.#position?.generation !== wanted.generation) return null
        if (this.#stands() >= wanted.revision) return this.#table
        if (!isTimed)
          this.#options.clock.sleep(catchUpMsMax, waiting).then(
            () => over.abort(),
            () => undefined,
          )
        isTimed = true
        await this.#changes.after(moved, version, waiting)
      }
    } catch (error) {
      signal?.throwIfAborted()
      if (!over.signal.aborted) throw error
      return null
    } finally {
      over.abort()
    }
  }

  #stands(): bigint {
    return this.#position?.revision ?? 0n
  }

  async #discard(): Promise<void> {
    await this.#takeTable()?.close()
    // Now, so that a process that ends before the next one is made does not come back to it.
    await this.#options.tables.clear()
  }

  /** Leaves the table to the next process, at the place where it stands. */
  async #end(): Promise<void> {
    const position = this.#position
    const table = this.#takeTable()
    if (position !== null) await table?.change([], position)
    await table?.close()
  }

  /** Nobody begins to read it from here on. */
  #takeTable(): RunTable | null {
    const table = this.#table
    this.#table = null
    this.#position = null
    this.#changes.changed(moved)
    return table
  }

  /** What fails at the end of a table leaves files that the next one removes. */
  async #quietly(work: Promise<void>): Promise<void> {
    await work.catch((error) => this.#options.log.warn('a list of runs was not left well', { error: messageOf(error) }))
  }
}

function positionOf({ position }: RunTable): RunTablePosition {
  if (position === null) throw new AgolaError('assertionFailed', 'a table of runs without a position')
  return position
}

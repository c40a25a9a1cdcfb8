import type { Clock } from '../../ports/clock.ts'
import type { WatchBatch, WatchQuery } from '../../ports/key-value-store.ts'
import type { Machine } from './machine.ts'
import { sqliteError } from './sqlite-error.ts'
import type { SqliteReader } from './sqlite-reader.ts'
import { Wakeups } from './wakeups.ts'
import { firstCursor } from './watch-cursor.ts'

export interface WatchesSettings {
  /** Named in errors. */
  file: string
  reader: SqliteReader
  clock: Clock
  machine: Machine
  closed: AbortSignal
  /** Ends the leases whose time is over. */
  expire: () => Promise<unknown>
}

const batchEventsMax = 1000
/** How soon a commit of another process is noticed. */
const pollMs = 8
/** Wakes all watchers even if no signal came; a lost signal can so never lose an event. */
const ticksPerWake = 125

/** The watches of one SQLite store. Their source is always the history table; signals only wake them (spec/storage.md 13.3). Other
 *  processes are noticed by polling SQLite's data version, and only while somebody watches. A store that cannot be read any more ends
 *  all of them with the error that a read gives. */
export class SqliteWatches {
  readonly #settings: WatchesSettings
  readonly #changed = new Wakeups()
  readonly #cursors = new Map<symbol, bigint>()
  /** Aborted for all watches of now when polling has failed; those that come later get another one. */
  #failed = new AbortController()
  #isPolling = false
  #deadlineMs: number | undefined
  #isDeadlineKnown = false

  constructor(settings: WatchesSettings) {
    this.#settings = settings
  }

  /** After a commit of this process. */
  wake(): void {
    this.#isDeadlineKnown = false
    this.#changed.wakeAll()
  }

  /** What the slowest watcher of this process has seen: compaction must not overtake it. */
  oldestCursor(): bigint | undefined {
    let oldest: bigint | undefined
    for (const cursor of this.#cursors.values()) if (oldest === undefined || cursor < oldest) oldest = cursor
    return oldest
  }

  watch(query: WatchQuery, signal: AbortSignal | undefined): AsyncIterable<WatchBatch> {
    const revision = this.#read(() => this.#settings.reader.revision())
    return this.#watchAfter(query, firstCursor(query, revision), signal)
  }

  async *#watchAfter(query: WatchQuery, first: bigint, signal?: AbortSignal): AsyncGenerator<WatchBatch, void, void> {
    const { reader, closed } = this.#settings
    const failed = this.#failed.signal
    const ended = AbortSignal.any(signal ? [signal, failed, closed] : [failed, closed])
    const self = Symbol(query.prefix)
    let cursor = first
    this.#cursors.set(self, cursor)
    void this.#poll()
    try {
      if (query.from === undefined) yield { revision: cursor, events: [] }
      for (;;) {
        closed.throwIfAborted()
        signal?.throwIfAborted()
        failed.throwIfAborted()
        const batch = this.#read(() => reader.eventsAfter(cursor, query.prefix, batchEventsMax))
        if (batch === null) {
          await this.#changed.wait(ended)
          continue
        }
        cursor = batch.revision
        this.#cursors.set(self, cursor)
        yield batch
      }
    } finally {
      this.#cursors.delete(self)
    }
  }

  async #poll(): Promise<void> {
    if (this.#isPolling) return
    this.#isPolling = true
    const { reader, clock, closed } = this.#settings
    let version: number | undefined
    try {
      for (let tick = 1; this.#cursors.size > 0 && !closed.aborted; tick++) {
        const now = reader.dataVersion()
        if (now !== version || tick % ticksPerWake === 0) this.wake()
        version = now
        await this.#expireWhenDue()
        // Without the signal, which is looked at soon enough: taking part in it would cost more than looking.
        await clock.sleep(pollMs)
      }
    } catch (error) {
      this.#fail(error)
    } finally {
      this.#isPolling = false
    }
  }

  #fail(error: unknown): void {
    const failed = this.#failed
    this.#failed = new AbortController()
    failed.abort(sqliteError(error, this.#settings.file, 'read'))
  }

  #read<T>(read: () => T): T {
    try {
      return read()
    } catch (error) {
      throw sqliteError(error, this.#settings.file, 'read')
    }
  }

  /** A watcher waits for the deletion of keys whose holder died, perhaps with its whole process: any process may end its leases. */
  async #expireWhenDue(): Promise<void> {
    const { reader, machine, expire } = this.#settings
    if (!this.#isDeadlineKnown) {
      this.#deadlineMs = reader.nextDeadlineMs(machine.bootId)
      this.#isDeadlineKnown = true
    }
    if (this.#deadlineMs === undefined || this.#deadlineMs > machine.monotonicMs()) return
    // A store that cannot be written now is tried again at the next poll.
    await expire().catch(() => undefined)
    this.#isDeadlineKnown = false
  }
}

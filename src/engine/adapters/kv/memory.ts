import type { CallOptions } from '../../ports/call-options.ts'
import type { Clock } from '../../ports/clock.ts'
import type {
  GetResult,
  KeyValueStore,
  Lease,
  RangeQuery,
  RangeResult,
  StoreStatus,
  Txn,
  TxnResult,
  WatchBatch,
  WatchQuery,
} from '../../ports/key-value-store.ts'
import type { Random } from '../../ports/random.ts'
import { checkKey, checkPrefix, checkRange, checkTtl, checkTxn } from './check-request.ts'
import { MemoryServer } from './memory-server.ts'
import { leaseLost, storeClosed } from './store-errors.ts'
import { firstCursor } from './watch-cursor.ts'

export interface MemoryKeyValueStoreOptions {
  clock: Clock
  random: Random
  /** What several clients share; absent: a new, empty store. */
  server?: MemoryServer
}

const batchEventsMax = 1000

/** The key-value port in memory, with every rule of the port: history, watches from the past, compaction, leases.
 *  For tests and simulation: a call takes effect at once and in order of the calls; time comes from the clock only. */
export class MemoryKeyValueStore implements KeyValueStore {
  readonly #options: MemoryKeyValueStoreOptions
  readonly #server: MemoryServer
  readonly #closed = new AbortController()

  constructor(options: MemoryKeyValueStoreOptions) {
    this.#options = options
    this.#server = options.server ?? new MemoryServer(options)
  }

  /** Another client of the same store, with a life of its own, as another process would be. */
  another(): MemoryKeyValueStore {
    return new MemoryKeyValueStore({ ...this.#options, server: this.#server })
  }

  async get(key: string, options: CallOptions & { revision?: bigint } = {}): Promise<GetResult> {
    checkKey(key)
    const data = this.#data(options)
    return { entry: data.get(key, options.revision), revision: data.revision }
  }

  async range(query: RangeQuery, options: CallOptions = {}): Promise<RangeResult> {
    checkRange(query)
    const data = this.#data(options)
    return { ...data.range(query), revision: query.revision ?? data.revision }
  }

  async txn(request: Txn, options: CallOptions = {}): Promise<TxnResult> {
    checkTxn(request)
    const result = this.#data(options).txn(request)
    this.#server.changed.wakeAll()
    return result
  }

  watch(query: WatchQuery, options: CallOptions = {}): AsyncIterable<WatchBatch> {
    checkPrefix(query.prefix)
    return this.#watchAfter(query, firstCursor(query, this.#data(options).revision), options)
  }

  async *#watchAfter(query: WatchQuery, first: bigint, options: CallOptions): AsyncGenerator<WatchBatch, void, void> {
    const ended = options.signal ? AbortSignal.any([options.signal, this.#closed.signal]) : this.#closed.signal
    let cursor = first
    if (query.from === undefined) yield { revision: cursor, events: [] }
    for (;;) {
      const batch = this.#data(options).eventsAfter(cursor, query.prefix, batchEventsMax)
      if (batch === null) {
        await this.#server.changed.wait(ended)
        continue
      }
      cursor = batch.revision
      yield batch
    }
  }

  async lease(ttlMs: number, options: CallOptions = {}): Promise<Lease> {
    checkTtl(ttlMs)
    this.#data(options)
    const id = this.#options.random.uuid()
    const ended = this.#server.grant(id, ttlMs)
    return {
      id,
      lost: AbortSignal.any([ended, this.#closed.signal]),
      keepAlive: async (call = {}) => {
        this.#data(call)
        if (!this.#server.renew(id)) throw leaseLost(id)
      },
      revoke: async (call = {}) => {
        this.#data(call)
        this.#server.end(id)
      },
    }
  }

  async compact(revision: bigint, options: CallOptions = {}): Promise<void> {
    this.#data(options).compact(revision)
    this.#server.changed.wakeAll()
  }

  async status(options: CallOptions = {}): Promise<StoreStatus> {
    const { revision, compactRevision } = this.#data(options)
    return { storeId: this.#server.storeId, revision, compactRevision, sizeBytes: this.#server.data.sizeBytes() }
  }

  async close(): Promise<void> {
    if (!this.#closed.signal.aborted) this.#closed.abort(storeClosed())
  }

  #data(options: CallOptions) {
    this.#closed.signal.throwIfAborted()
    options.signal?.throwIfAborted()
    this.#server.endExpired()
    return this.#server.data
  }
}

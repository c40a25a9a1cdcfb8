import { AgolaError } from '../../src/engine/model/errors.ts'
import type { CallOptions } from '../../src/engine/ports/call-options.ts'
import type {
  KeyValueStore,
  Lease,
  RangeQuery,
  Txn,
  WatchBatch,
  WatchQuery,
} from '../../src/engine/ports/key-value-store.ts'
import type { SeededRandom } from './seeded-random.ts'

export type TxnFault = 'none' | 'unreachable' | 'unknownBefore' | 'unknownAfter'
export type WatchFault = 'none' | 'late' | 'compacted'

/** What goes wrong, asked at each call. */
export interface KvFaults {
  txn?: (request: Txn) => TxnFault
  read?: () => 'none' | 'unreachable'
  /** Before each batch is handed on. `late`: other things happen first. `compacted`: the watch ends, as after a compaction. */
  watch?: (batch: WatchBatch) => WatchFault
  keepAlive?: () => 'none' | 'unreachable' | 'lost'
  /** Before and after each read and transaction: other things happen meanwhile. */
  delay?: () => Promise<void>
}

/** A share of all calls goes wrong, in every way that the port allows. */
export function randomKvFaults(random: SeededRandom, share: number): KvFaults {
  const pick = <T extends string>(...ways: T[]): T | 'none' =>
    random.fraction() < share ? (ways[random.below(ways.length)] ?? 'none') : 'none'
  return {
    txn: () => pick('unreachable', 'unknownBefore', 'unknownAfter'),
    read: () => pick('unreachable'),
    watch: () => pick('late', 'compacted'),
    keepAlive: () => pick('unreachable', 'lost'),
    delay: async () => {
      for (let turns = random.below(4); turns > 0; turns--) await new Promise((resolve) => setImmediate(resolve))
    },
  }
}

/** A store that fails on demand, and never in a way that the port does not allow (spec/storage.md 15.3). */
export class FaultyKeyValueStore implements KeyValueStore {
  readonly #inner: KeyValueStore
  readonly #faults: KvFaults

  constructor(inner: KeyValueStore, faults: KvFaults) {
    this.#inner = inner
    this.#faults = faults
  }

  async get(key: string, options?: CallOptions & { revision?: bigint }) {
    return this.#delayed(() => {
      this.#failRead()
      return this.#inner.get(key, options)
    })
  }

  async range(query: RangeQuery, options?: CallOptions) {
    return this.#delayed(() => {
      this.#failRead()
      return this.#inner.range(query, options)
    })
  }

  async txn(request: Txn, options?: CallOptions) {
    const fault = this.#faults.txn?.(request) ?? 'none'
    if (fault === 'unreachable') throw unreachable()
    if (fault === 'unknownBefore') throw unknown()
    const result = await this.#delayed(() => this.#inner.txn(request, options))
    if (fault === 'unknownAfter') throw unknown()
    return result
  }

  async *watch(query: WatchQuery, options?: CallOptions): AsyncGenerator<WatchBatch, void, void> {
    let next = query.from
    for await (const batch of this.#inner.watch(query, options)) {
      const fault = this.#faults.watch?.(batch) ?? 'none'
      if (fault === 'compacted') {
        const minRevision = String(batch.revision + 1n)
        throw new AgolaError('revisionCompacted', `Revision ${next ?? 0n} is compacted away.`, {
          details: { minRevision },
        })
      }
      if (fault === 'late') await new Promise((resolve) => setImmediate(resolve))
      next = batch.revision + 1n
      yield batch
    }
  }

  async lease(ttlMs: number, options?: CallOptions): Promise<Lease> {
    const lease = await this.#inner.lease(ttlMs, options)
    return {
      id: lease.id,
      lost: lease.lost,
      revoke: (call) => lease.revoke(call),
      keepAlive: async (call) => {
        const fault = this.#faults.keepAlive?.() ?? 'none'
        if (fault === 'unreachable') throw unreachable()
        if (fault === 'lost') await lease.revoke(call)
        return lease.keepAlive(call)
      },
    }
  }

  compact(revision: bigint, options?: CallOptions) {
    return this.#inner.compact(revision, options)
  }

  async status(options?: CallOptions) {
    this.#failRead()
    return this.#inner.status(options)
  }

  close() {
    return this.#inner.close()
  }

  async #delayed<T>(call: () => Promise<T>): Promise<T> {
    await this.#faults.delay?.()
    const result = await call()
    await this.#faults.delay?.()
    return result
  }

  #failRead(): void {
    if (this.#faults.read?.() === 'unreachable') throw unreachable()
  }
}

function unreachable(): AgolaError {
  return new AgolaError('storeUnreachable', 'The store cannot be reached (a fault of the test).')
}

function unknown(): AgolaError {
  return new AgolaError('outcomeUnknown', 'The connection ended before the answer (a fault of the test).')
}

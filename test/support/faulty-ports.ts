import { AgolaError } from '../../src/engine/model/errors.ts'
import type { KeyValueStore, Txn } from '../../src/engine/ports/key-value-store.ts'
import type { ObjectStorage } from '../../src/engine/ports/object-storage.ts'

/** What happens to a transaction: its answer is lost, before or after it took effect. */
export type TxnFault = 'unknownBefore' | 'unknownAfter' | undefined

export function faultyKv(kv: KeyValueStore, fault: (request: Txn) => TxnFault): KeyValueStore {
  const unknown = (): AgolaError => new AgolaError('outcomeUnknown', 'the answer was lost')
  return {
    get: (key, options) => kv.get(key, options),
    range: (query, options) => kv.range(query, options),
    async txn(request, options) {
      const kind = fault(request)
      if (kind === 'unknownBefore') throw unknown()
      const result = await kv.txn(request, options)
      if (kind === 'unknownAfter') throw unknown()
      return result
    },
    watch: (query, options) => kv.watch(query, options),
    lease: (ttlMs, options) => kv.lease(ttlMs, options),
    compact: (revision, options) => kv.compact(revision, options),
    status: (options) => kv.status(options),
    close: () => kv.close(),
  }
}

/** Calls `before` ahead of every put; what it throws or waits for happens to the put. */
export function watchedObjects(objects: ObjectStorage, before: (key: string) => Promise<void> | void): ObjectStorage {
  return {
    stat: (key, options) => objects.stat(key, options),
    get: (key, options) => objects.get(key, options),
    async put(key, source, options) {
      await before(key)
      return objects.put(key, source, options)
    },
    delete: (key, options) => objects.delete(key, options),
    list: (query, options) => objects.list(query, options),
    health: (options) => objects.health(options),
  }
}

/** The process is paused: its lease is not kept alive. */
export function withoutKeepAlive(kv: KeyValueStore): KeyValueStore {
  return {
    ...faultyKv(kv, () => undefined),
    async lease(ttlMs, options) {
      const lease = await kv.lease(ttlMs, options)
      return { id: lease.id, lost: lease.lost, keepAlive: async () => undefined, revoke: (call) => lease.revoke(call) }
    },
  }
}

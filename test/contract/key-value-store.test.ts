import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { MemoryKeyValueStore } from '../../src/engine/adapters/kv/memory.ts'
import { SqliteKeyValueStore } from '../../src/engine/adapters/kv/sqlite.ts'
import type { WriterThread } from '../../src/engine/adapters/kv/sqlite-commits.ts'
import { SeededRandom } from '../support/seeded-random.ts'
import { SimClock } from '../support/sim-clock.ts'
import { SkippingClock } from '../support/skipping-clock.ts'
import { type KeyValueStoreSubject, keyValueStoreContract } from './key-value-store.ts'
import { keyValueStoreUnderFaults } from './key-value-store-faults.ts'
import { keyValueStoreModel } from './key-value-store-model.ts'

let seed = 1

async function memory(): Promise<KeyValueStoreSubject> {
  const clock = new SimClock()
  const store = new MemoryKeyValueStore({ clock, random: new SeededRandom(seed++) })
  return {
    clock,
    open: async () => store.another(),
    pass: (ms) => clock.advance(ms),
    destroy: () => store.close(),
  }
}

async function sqlite(thread: WriterThread): Promise<KeyValueStoreSubject> {
  const directory = await mkdtemp(join(tmpdir(), 'agola-kv-'))
  const clock = new SkippingClock()
  const random = new SeededRandom(seed++)
  const machine = { bootId: 'boot', monotonicMs: () => clock.monotonicMs() }
  const stores: SqliteKeyValueStore[] = []
  return {
    clock,
    open: async () => {
      const store = new SqliteKeyValueStore({ file: join(directory, 'store.db'), clock, random, machine, thread })
      stores.push(store)
      return store
    },
    pass: async (ms) => clock.skip(ms),
    destroy: async () => {
      for (const store of stores) await store.close()
      await rm(directory, { recursive: true })
    },
  }
}

keyValueStoreContract('memory', memory)
keyValueStoreModel('memory', memory, { model: 100, histories: 10 })
keyValueStoreUnderFaults('memory', memory, { histories: 40, locks: 10 })

for (const thread of ['main', 'worker', 'auto'] satisfies WriterThread[]) {
  keyValueStoreContract(`sqlite (${thread} thread)`, () => sqlite(thread))
}
keyValueStoreModel('sqlite (main thread)', () => sqlite('main'), { model: 100, histories: 10 })
keyValueStoreModel('sqlite (worker thread)', () => sqlite('worker'), { model: 30, histories: 10 })
keyValueStoreUnderFaults('sqlite (main thread)', () => sqlite('main'), { histories: 20, locks: 5 })
keyValueStoreUnderFaults('sqlite (worker thread)', () => sqlite('worker'), { histories: 10, locks: 3 })

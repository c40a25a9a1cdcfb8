import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { MemoryKeyValueStore } from '../../src/engine/adapters/kv/memory.ts'
import { SqliteKeyValueStore } from '../../src/engine/adapters/kv/sqlite.ts'
import type { WriterThread } from '../../src/engine/adapters/kv/sqlite-commits.ts'
import { SeededRandom } from '../support/seeded-random.ts'
import { SimClock } from '../support/sim-clock.ts'
import { SkippingClock } from '../support/skipping-clock.ts'
import { keyValueStoreContract } from './key-value-store.ts'

let seed = 1

keyValueStoreContract('memory', async () => {
  const clock = new SimClock()
  const store = new MemoryKeyValueStore({ clock, random: new SeededRandom(seed++) })
  return {
    clock,
    open: async () => store.another(),
    pass: (ms) => clock.advance(ms),
    destroy: () => store.close(),
  }
})

for (const thread of ['main', 'worker', 'auto'] satisfies WriterThread[]) {
  keyValueStoreContract(`sqlite (${thread} thread)`, async () => {
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
  })
}

import { MemoryKeyValueStore } from '../../src/engine/adapters/kv/memory.ts'
import { SeededRandom } from '../support/seeded-random.ts'
import { SimClock } from '../support/sim-clock.ts'
import { keyValueStoreContract } from './key-value-store.ts'

let seed = 1

keyValueStoreContract('memory', async () => {
  const clock = new SimClock()
  const store = new MemoryKeyValueStore({ clock, random: new SeededRandom(seed++) })
  return {
    open: async () => store.another(),
    pass: (ms) => clock.advance(ms),
    destroy: () => store.close(),
  }
})

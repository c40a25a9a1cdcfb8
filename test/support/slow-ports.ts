import type { Clock } from '../../src/engine/ports/clock.ts'
import type { KeyValueStore, Lease } from '../../src/engine/ports/key-value-store.ts'
import type { ObjectStorage } from '../../src/engine/ports/object-storage.ts'
import type { SeededRandom } from './seeded-random.ts'

const latencyMsMax = 6
/** Longer than any lead lasts without being kept. */
const stallMs = 25_000
const callsPerStall = 300

/** How fast a process is: each call of a store takes some milliseconds of the simulated clock, before and after its effect, and now and then
 *  the whole process stands still for longer than its leases last. */
export class Pace {
  readonly #clock: Clock
  readonly #random: SeededRandom
  #stalledUntilMs = 0

  constructor(clock: Clock, random: SeededRandom) {
    this.#clock = clock
    this.#random = random
  }

  async around<T>(call: () => Promise<T>): Promise<T> {
    await this.#pause()
    try {
      return await call()
    } finally {
      await this.#pause()
    }
  }

  async #pause(): Promise<void> {
    const nowMs = this.#clock.monotonicMs()
    if (this.#random.below(callsPerStall) === 0) this.#stalledUntilMs = nowMs + stallMs
    await this.#clock.sleep(Math.max(this.#random.below(latencyMsMax), this.#stalledUntilMs - nowMs))
  }
}

export function slowKv(kv: KeyValueStore, pace: Pace): KeyValueStore {
  return {
    get: (key, options) => pace.around(() => kv.get(key, options)),
    range: (query, options) => pace.around(() => kv.range(query, options)),
    txn: (request, options) => pace.around(() => kv.txn(request, options)),
    watch: (query, options) => kv.watch(query, options),
    lease: async (ttlMs, options) => slowLease(await pace.around(() => kv.lease(ttlMs, options)), pace),
    compact: (revision, options) => pace.around(() => kv.compact(revision, options)),
    status: (options) => pace.around(() => kv.status(options)),
    close: () => kv.close(),
  }
}

function slowLease(lease: Lease, pace: Pace): Lease {
  return {
    id: lease.id,
    lost: lease.lost,
    keepAlive: (options) => pace.around(() => lease.keepAlive(options)),
    revoke: (options) => pace.around(() => lease.revoke(options)),
  }
}

export function slowObjects(objects: ObjectStorage, pace: Pace): ObjectStorage {
  return {
    stat: (key, options) => pace.around(() => objects.stat(key, options)),
    get: (key, options) => pace.around(() => objects.get(key, options)),
    put: (key, source, options) => pace.around(() => objects.put(key, source, options)),
    delete: (key, options) => pace.around(() => objects.delete(key, options)),
    async *list(query, options) {
      for await (const info of objects.list(query, options)) yield await pace.around(async () => info)
    },
    health: (options) => objects.health(options),
  }
}

import type { Clock } from '../ports/clock.ts'
import type { KeyValueStore } from '../ports/key-value-store.ts'
import { type KvLock, tryLock } from './kv-lock.ts'
import type { LoopService } from './run-loop.ts'

export interface KvCompactionSettings {
  store: KeyValueStore
  clock: Clock
  /** The process that holds it compacts, the others wait for their turn. */
  lockKey: string
  /** So much history stays. */
  keepMs: number
}

/** Deletes old history of a store that does not do so by itself, as etcd does not (spec/storage.md 13.4). To be stepped
 *  several times in `keepMs`: the finer the steps, the closer the history stays to what is to be kept. */
export class KvCompaction implements LoopService {
  readonly name = 'key-value compaction'
  readonly #settings: KvCompactionSettings
  #lock: KvLock | null = null
  /** Which revision the store had when, oldest first; known only to the one who has watched the time pass. */
  #samples: { revision: bigint; ms: number }[] = []

  constructor(settings: KvCompactionSettings) {
    this.#settings = settings
  }

  async step(signal: AbortSignal): Promise<void> {
    const { store, clock, lockKey, keepMs } = this.#settings
    if (this.#lock?.lost.aborted) this.#lock = null
    this.#lock ??= await tryLock(store, lockKey, { clock, signal })
    if (this.#lock === null) {
      this.#samples = []
      return
    }
    const { revision } = await store.get(lockKey, { signal })
    const now = clock.monotonicMs()
    this.#samples.push({ revision, ms: now })
    const old = this.#samples.findLastIndex((sample) => now - sample.ms >= keepMs)
    const target = this.#samples[old]
    if (target === undefined) return
    await store.compact(target.revision, { signal })
    this.#samples.splice(0, old + 1)
  }

  /** Lets another process go on at once. */
  async close(): Promise<void> {
    await this.#lock?.release()
  }
}

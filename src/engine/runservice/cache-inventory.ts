import type { TimeMs } from '../model/ids.ts'
import type { CallOptions } from '../ports/call-options.ts'
import type { Clock } from '../ports/clock.ts'
import type { ObjectStorage } from '../ports/object-storage.ts'
import { cachesPrefix, escapeCacheKey, isCache, keyOfCache, useKeyOf } from './caches.ts'

export interface CacheEntry {
  /** `<cache group>-<rendered key>`. */
  key: string
  sizeBytes: number
  savedAt: TimeMs
  /** null: never used since it was saved. */
  usedAt: TimeMs | null
}

/** What makes a cache go (spec/local-runs.md 11). */
export interface CacheLimits {
  /** Neither saved nor used for so long. */
  unusedMsMax: number
  /** Of all together; what was used longest ago goes first. */
  bytesMax: number
}

export const defaultCacheLimits: CacheLimits = {
  unusedMsMax: 14 * 24 * 60 * 60 * 1000,
  bytesMax: 10 * 1024 ** 3,
}

/** The caches that there are, for looking at them and for removing them. A cache that somebody restores meanwhile stays readable for him. */
export class CacheInventory {
  readonly #objects: ObjectStorage
  readonly #clock: Clock

  constructor({ objects, clock }: { objects: ObjectStorage; clock: Clock }) {
    this.#objects = objects
    this.#clock = clock
  }

  /** Those whose keys begin with `prefix`, by key. */
  async list(prefix: string, options: CallOptions = {}): Promise<CacheEntry[]> {
    const start = prefix === '' ? '' : escapeCacheKey(prefix)
    const entries: CacheEntry[] = []
    for await (const object of this.#objects.list({ prefix: cachesPrefix + start, recursive: false }, options)) {
      if (!isCache(object)) continue
      const { sizeBytes, modificationTime: savedAt } = object
      entries.push({ key: keyOfCache(object.key), sizeBytes, savedAt, usedAt: await this.#usedAt(object.key, options) })
    }
    return entries
  }

  async remove({ key }: Pick<CacheEntry, 'key'>, options: CallOptions = {}): Promise<void> {
    const object = `${cachesPrefix}${escapeCacheKey(key)}.tar`
    await this.#objects.delete(object, options)
    await this.#objects.delete(useKeyOf(object), options)
  }

  /** Removes what is over the limits and gives it; with `dryRun` it only gives it. */
  async prune(
    limits: CacheLimits,
    { dryRun, ...options }: CallOptions & { dryRun?: boolean } = {},
  ): Promise<CacheEntry[]> {
    const chosen = chooseCaches(await this.list('', options), limits, this.#clock.now())
    if (dryRun !== true) for (const entry of chosen) await this.remove(entry, options)
    return chosen
  }

  async #usedAt(key: string, options: CallOptions): Promise<TimeMs | null> {
    const info = await this.#objects.stat(useKeyOf(key), options).catch(() => null)
    return info?.modificationTime ?? null
  }
}

/** The caches that have to go, longest unused first; of those used at the same time the first by key. */
export function chooseCaches(entries: readonly CacheEntry[], limits: CacheLimits, now: TimeMs): CacheEntry[] {
  const byUse = entries.toSorted((a, b) => lastUse(a) - lastUse(b) || (a.key < b.key ? -1 : 1))
  let left = byUse.reduce((sum, { sizeBytes }) => sum + sizeBytes, 0)
  return byUse.filter((entry) => {
    const goes = now - lastUse(entry) > limits.unusedMsMax || left > limits.bytesMax
    if (goes) left -= entry.sizeBytes
    return goes
  })
}

export function lastUse({ savedAt, usedAt }: CacheEntry): TimeMs {
  return Math.max(savedAt, usedAt ?? 0)
}

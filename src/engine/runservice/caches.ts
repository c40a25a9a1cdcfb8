import type { Readable } from 'node:stream'
import { AgolaError, hasCode } from '../model/errors.ts'
import type { CallOptions } from '../ports/call-options.ts'
import type { CacheHit } from '../ports/executor-run-service.ts'
import type { ObjectInfo, ObjectSource, ObjectStorage } from '../ports/object-storage.ts'
import { fileOf } from './task-objects.ts'

export const cachesPrefix = 'caches/'
/** Empty objects whose age tells when a cache was used last. A cache keeps its own age, by which the newest is found. */
const cacheUsesPrefix = 'cacheuses/'
const suffix = '.tar'
const escapedKeyLengthMax = 200

/** Caches in the object storage, by full key: `<cache prefix>-<rendered key>` (spec/executor.md 12). */
export class Caches {
  readonly #objects: ObjectStorage
  readonly #notesUse: boolean

  constructor(objects: ObjectStorage, { notesUse = false }: { notesUse?: boolean } = {}) {
    this.#objects = objects
    this.#notesUse = notesUse
  }

  async has(key: string, options: CallOptions = {}): Promise<boolean> {
    return (await this.#stat(objectKey(key), options)) !== null
  }

  /** The exact key, else the newest that begins with it; of equally new ones the last by name. null when there is none. */
  async open(key: string, options: CallOptions = {}): Promise<CacheHit | null> {
    const exact = await this.#stat(objectKey(key), options)
    const found = exact ?? (await this.#newest(cachesPrefix + escapeCacheKey(key), options))
    if (found === null) return null
    const content: Readable = await this.#objects.get(found.key, options)
    if (this.#notesUse) await this.#noteUse(found.key, options)
    return {
      key: keyOfCache(found.key),
      exact: exact !== null,
      sizeBytes: found.sizeBytes,
      ...fileOf(this.#objects, found.key),
      stream: () => content,
    }
  }

  /** false when there is one of this key already: it stays as it is. */
  async save(key: string, source: ObjectSource, options: CallOptions & { sizeBytes?: number } = {}): Promise<boolean> {
    try {
      await this.#objects.put(objectKey(key), source, { ...options, ifAbsent: true })
      return true
    } catch (error) {
      if (hasCode(error, 'objectExists')) return false
      throw error
    }
  }

  async #noteUse(key: string, options: CallOptions): Promise<void> {
    // A cache whose use cannot be noted, because the disk is full perhaps, can still be used.
    await this.#objects.put(useKeyOf(key), new Uint8Array(), { ...options, sizeBytes: 0 }).catch(() => undefined)
  }

  async #stat(key: string, options: CallOptions): Promise<ObjectInfo | null> {
    try {
      return await this.#objects.stat(key, options)
    } catch (error) {
      if (hasCode(error, 'objectDoesNotExist')) return null
      throw error
    }
  }

  async #newest(start: string, options: CallOptions): Promise<ObjectInfo | null> {
    let newest: ObjectInfo | null = null
    for await (const object of this.#objects.list({ prefix: start, recursive: false }, options)) {
      if (!object.key.endsWith(suffix)) continue
      if (newest === null || object.modificationTime >= newest.modificationTime) newest = object
    }
    return newest
  }
}

/** The full key of a cache whose object has this key. */
export function keyOfCache(key: string): string {
  return decodeURIComponent(key.slice(cachesPrefix.length, -suffix.length))
}

/** Of the object that tells when the cache of this object was used last. */
export function useKeyOf(key: string): string {
  return `${cacheUsesPrefix}${key.slice(cachesPrefix.length, -suffix.length)}`
}

export function isCache({ key }: ObjectInfo): boolean {
  return key.startsWith(cachesPrefix) && key.endsWith(suffix)
}

function objectKey(key: string): string {
  return `${cachesPrefix}${escapeCacheKey(key)}${suffix}`
}

/** As it stands in a path: all but `A-Z a-z 0-9 - _ . ~ $ & + = : @` become %XX. `cacheKeyInvalid` when it is empty or gets longer
 *  than 200 characters. */
export function escapeCacheKey(key: string): string {
  const escaped = encodeURIComponent(key)
    .replace(/[!'()*]/g, (char) => `%${char.charCodeAt(0).toString(16).toUpperCase()}`)
    .replace(/%(24|26|2B|3D|3A|40)/g, (hex) => decodeURIComponent(hex))
  if (key === '') throw new AgolaError('cacheKeyInvalid', 'the cache key is empty')
  if (escaped.length <= escapedKeyLengthMax) return escaped
  throw new AgolaError(
    'cacheKeyInvalid',
    `the cache key ${JSON.stringify(key.slice(0, 60))}… is too long: ${escaped.length} characters once escaped, ` +
      `${escapedKeyLengthMax} are allowed; hash its long parts`,
  )
}

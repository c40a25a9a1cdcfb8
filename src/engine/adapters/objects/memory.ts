import { readFile } from 'node:fs/promises'
import { Readable } from 'node:stream'
import type { TimeMs } from '../../model/ids.ts'
import type { CallOptions } from '../../ports/call-options.ts'
import type { Clock } from '../../ports/clock.ts'
import type { ListQuery, ObjectInfo, ObjectSource, ObjectStorage, PutOptions } from '../../ports/object-storage.ts'
import { compareBytes } from '../../std/byte-order.ts'
import { isListed, listFilter } from './list-query.ts'
import { missingObject, objectExists } from './missing-object.ts'
import { checkObjectKey } from './object-key.ts'
import { sizeToTake, takeBytes } from './take-bytes.ts'

interface StoredObject {
  bytes: Uint8Array
  modificationTime: TimeMs
}

/** Objects in a map, for tests and simulation. Gone with the process. */
export class MemoryObjectStorage implements ObjectStorage {
  readonly #clock: Clock
  readonly #objects = new Map<string, StoredObject>()
  #sortedKeys: string[] | null = null

  constructor({ clock }: { clock: Clock }) {
    this.#clock = clock
  }

  async stat(key: string, options: CallOptions = {}): Promise<ObjectInfo> {
    return infoOf(key, this.#find(key, options))
  }

  async get(key: string, options: CallOptions & { range?: { start: number; end?: number } } = {}): Promise<Readable> {
    const { bytes } = this.#find(key, options)
    return Readable.from([Buffer.from(bytes.slice(options.range?.start ?? 0, options.range?.end))], {
      objectMode: false,
      signal: options.signal,
    })
  }

  async put(key: string, source: ObjectSource, options: PutOptions = {}): Promise<ObjectInfo> {
    options.signal?.throwIfAborted()
    checkObjectKey(key)
    const bytes = await collect(key, source, options)
    options.signal?.throwIfAborted()
    if (options.ifAbsent === true && this.#objects.has(key)) throw objectExists(key)
    if (!this.#objects.has(key)) this.#sortedKeys = null
    const stored = { bytes, modificationTime: this.#clock.now() }
    this.#objects.set(key, stored)
    return infoOf(key, stored)
  }

  async delete(key: string, options: CallOptions = {}): Promise<void> {
    options.signal?.throwIfAborted()
    checkObjectKey(key)
    if (this.#objects.delete(key)) this.#sortedKeys = null
  }

  async *list(query: ListQuery, options: CallOptions = {}): AsyncGenerator<ObjectInfo, void, undefined> {
    const filter = listFilter(query)
    this.#sortedKeys ??= [...this.#objects.keys()].sort(compareBytes)
    for (const key of this.#sortedKeys) {
      if (!isListed(key, filter)) continue
      options.signal?.throwIfAborted()
      const stored = this.#objects.get(key)
      if (stored !== undefined) yield infoOf(key, stored)
    }
  }

  async health(options: CallOptions = {}): Promise<void> {
    options.signal?.throwIfAborted()
  }

  #find(key: string, options: CallOptions): StoredObject {
    options.signal?.throwIfAborted()
    checkObjectKey(key)
    const stored = this.#objects.get(key)
    if (stored === undefined) throw missingObject(key)
    return stored
  }
}

function infoOf(key: string, { bytes, modificationTime }: StoredObject): ObjectInfo {
  return { key, sizeBytes: bytes.length, modificationTime }
}

async function collect(key: string, source: ObjectSource, options: PutOptions): Promise<Uint8Array> {
  if (source instanceof Uint8Array) return source.slice(0, sizeToTake(key, source.length, options))
  if (!('file' in source)) return collectChunks(takeBytes(key, source, options))
  const bytes = await readFile(source.file)
  return bytes.subarray(0, sizeToTake(key, bytes.length, options))
}

async function collectChunks(chunks: AsyncIterable<Uint8Array>): Promise<Uint8Array> {
  const collected: Uint8Array[] = []
  for await (const chunk of chunks) collected.push(chunk)
  return Buffer.concat(collected)
}

import { constants } from 'node:fs'
import { access, open, stat } from 'node:fs/promises'
import { join } from 'node:path'
import { Readable } from 'node:stream'
import type { CallOptions } from '../../ports/call-options.ts'
import type { ListQuery, ObjectInfo, ObjectSource, ObjectStorage, PutOptions } from '../../ports/object-storage.ts'
import { fileError, systemCode } from './file-error.ts'
import type { FileTree } from './file-tree.ts'
import { type ListFilter, listFilter } from './list-query.ts'
import { missingObject } from './missing-object.ts'
import { checkObjectKey } from './object-key.ts'
import { readFileRange, readSmall } from './read-file-range.ts'

const listStatsAtOnceMax = 32

/** How keys become paths below the data directory, and how a walk over those paths gives the keys back in byte order. */
export interface KeyLayout {
  pathOf(key: string): string
  /** Ascending byte order of keys; a superset of what the filter wants is allowed as long as the order holds. */
  walk(dataDirectory: string, filter: ListFilter): AsyncIterable<string>
}

/** An object storage in a directory of this host; the layout of keys is given. */
export class DirectoryObjectStorage implements ObjectStorage {
  readonly #tree: FileTree
  readonly #layout: KeyLayout

  constructor(tree: FileTree, layout: KeyLayout) {
    this.#tree = tree
    this.#layout = layout
  }

  /** Where the object lies, for those that can use a file in place. It is replaced, never changed, when the key is put again. */
  filePath(key: string): string {
    checkObjectKey(key)
    return join(this.#tree.dataDirectory, this.#layout.pathOf(key))
  }

  async stat(key: string, options: CallOptions = {}): Promise<ObjectInfo> {
    options.signal?.throwIfAborted()
    const path = this.filePath(key)
    const info = await this.#infoOf(key, path).catch((error: unknown) => refuse(error, key, 'look at'))
    if (info === null) throw missingObject(key)
    return info
  }

  async get(
    key: string,
    { range = { start: 0 }, signal }: CallOptions & { range?: { start: number; end?: number } } = {},
  ): Promise<Readable> {
    signal?.throwIfAborted()
    const path = this.filePath(key)
    const file = await open(path, 'r').catch((error: unknown) => refuse(error, key, 'read'))
    try {
      const small = await readSmall(file, range)
      if (small === null) {
        const end = Math.min(range.end ?? Number.POSITIVE_INFINITY, (await file.stat()).size)
        return readFileRange(file, { start: range.start, end }, { signal })
      }
      // What was read only needs no closing to be whole.
      file.close().catch(() => undefined)
      return Readable.from(small.length === 0 ? [] : [small], { objectMode: false })
    } catch (error) {
      await file.close()
      if (systemCode(error) === 'EISDIR') throw missingObject(key, error)
      return refuse(error, key, 'read')
    }
  }

  async put(key: string, source: ObjectSource, options: PutOptions = {}): Promise<ObjectInfo> {
    options.signal?.throwIfAborted()
    checkObjectKey(key)
    try {
      const { size, mtimeMs } = await this.#tree.write(key, this.#layout.pathOf(key), source, options)
      return { key, sizeBytes: size, modificationTime: Math.trunc(mtimeMs) }
    } catch (error) {
      throw fileError(`write "${key}"`, error)
    }
  }

  async delete(key: string, options: CallOptions = {}): Promise<void> {
    options.signal?.throwIfAborted()
    checkObjectKey(key)
    try {
      await this.#tree.remove(this.#layout.pathOf(key))
    } catch (error) {
      throw fileError(`delete "${key}"`, error)
    }
  }

  async *list(query: ListQuery, options: CallOptions = {}): AsyncGenerator<ObjectInfo, void, undefined> {
    const filter = listFilter(query)
    let batch: string[] = []
    try {
      for await (const key of this.#layout.walk(this.#tree.dataDirectory, filter)) {
        options.signal?.throwIfAborted()
        batch.push(key)
        if (batch.length < listStatsAtOnceMax) continue
        yield* await this.#infosOf(batch)
        batch = []
      }
      yield* await this.#infosOf(batch)
    } catch (error) {
      throw fileError(`list "${filter.prefix}"`, error)
    }
  }

  async health(options: CallOptions = {}): Promise<void> {
    options.signal?.throwIfAborted()
    try {
      await access(this.#tree.dataDirectory, constants.R_OK | constants.W_OK | constants.X_OK)
      await this.#tree.checkDirectories()
    } catch (error) {
      throw fileError(`use ${this.#tree.dataDirectory}`, error)
    }
  }

  /** Objects deleted during the walk are left out. */
  async #infosOf(keys: string[]): Promise<ObjectInfo[]> {
    const infos = keys.map(async (key) => this.#infoOf(key, this.filePath(key)))
    return (await Promise.all(infos)).filter((info) => info !== null)
  }

  async #infoOf(key: string, path: string): Promise<ObjectInfo | null> {
    try {
      const stats = await stat(path)
      if (!stats.isFile()) return null
      return { key, sizeBytes: stats.size, modificationTime: Math.trunc(stats.mtimeMs) }
    } catch (error) {
      if (isMissing(error)) return null
      throw error
    }
  }
}

function refuse(error: unknown, key: string, action: string): never {
  if (isMissing(error)) throw missingObject(key, error)
  throw fileError(`${action} "${key}"`, error)
}

function isMissing(error: unknown): boolean {
  return systemCode(error) === 'ENOENT' || systemCode(error) === 'ENOTDIR'
}

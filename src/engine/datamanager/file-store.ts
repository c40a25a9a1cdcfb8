import { hasCode } from '../model/errors.ts'
import type { CallOptions } from '../ports/call-options.ts'
import type { ObjectStorage } from '../ports/object-storage.ts'
import type { Random } from '../ports/random.ts'
import { decodeIndex, encodeIndex, type FileIndex } from './data-file.ts'
import { type DataFile, type DataStatus, decodeStatus, encodeStatus } from './data-status.ts'
import type { BuiltFile } from './file-builder.ts'
import type { ObjectKeys } from './keys.ts'
import type { Sequence } from './sequence.ts'

const indexesKeptMax = 256

/** Reads and writes what a snapshot consists of: data files, their indexes, and the manifest. None of them is ever changed. */
export class FileStore {
  readonly #objects: ObjectStorage
  readonly #keys: ObjectKeys
  readonly #random: Random
  readonly #indexes = new Map<string, FileIndex>()

  constructor(objects: ObjectStorage, keys: ObjectKeys, random: Random) {
    this.#objects = objects
    this.#keys = keys
    this.#random = random
  }

  /** The index first: a data file without one is an orphan, an index without data would be a lie. */
  async write(set: string, maker: Sequence, file: BuiltFile, options: CallOptions): Promise<DataFile> {
    const id = `${maker}-${this.#random.uuid()}`
    const put = { ...options, persist: true }
    await this.#objects.put(this.#keys.indexFile(set, id), encodeIndex(file.blocks), put)
    await this.#objects.put(this.#keys.dataFile(set, id), file.bytes, put)
    return { id, lastId: file.lastId, sizeBytes: file.bytes.length }
  }

  async index(set: string, file: DataFile, options: CallOptions): Promise<FileIndex> {
    const key = this.#keys.indexFile(set, file.id)
    const kept = this.#indexes.get(key)
    // Put again at the end: the map's order is the order of use.
    this.#indexes.delete(key)
    const index = kept ?? decodeIndex(await this.#read(key, options), await this.#sizeOf(set, file, options), key)
    this.#indexes.set(key, index)
    const oldest = this.#indexes.size > indexesKeptMax ? this.#indexes.keys().next().value : undefined
    if (oldest !== undefined) this.#indexes.delete(oldest)
    return index
  }

  async read(
    set: string,
    file: DataFile,
    options: CallOptions,
    range?: { start: number; end: number },
  ): Promise<Buffer> {
    return this.#read(this.#keys.dataFile(set, file.id), options, range)
  }

  async writeStatus(status: DataStatus, options: CallOptions): Promise<void> {
    await this.#objects.put(this.#keys.status(status.dataSequence), encodeStatus(status), { ...options, persist: true })
  }

  async readStatus(sequence: Sequence, options: CallOptions): Promise<DataStatus> {
    const key = this.#keys.status(sequence)
    return decodeStatus(await this.#read(key, options), key)
  }

  /** Whether all files that the manifest names are there. */
  async isComplete(status: DataStatus, options: CallOptions): Promise<boolean> {
    for (const key of this.keysOf(status)) {
      try {
        await this.#objects.stat(key, options)
      } catch (error) {
        if (hasCode(error, 'objectDoesNotExist')) return false
        throw error
      }
    }
    return true
  }

  /** Keys of all data and index files of a snapshot. */
  keysOf(status: DataStatus): string[] {
    const indexes = [...status.indexes].map(([name, { files }]): [string, DataFile[]] => [name, files])
    return [...status.files, ...indexes].flatMap(([set, files]) =>
      files.flatMap(({ id }) => [this.#keys.dataFile(set, id), this.#keys.indexFile(set, id)]),
    )
  }

  async #sizeOf(set: string, file: DataFile, options: CallOptions): Promise<number> {
    if (file.sizeBytes > 0) return file.sizeBytes
    return (await this.#objects.stat(this.#keys.dataFile(set, file.id), options)).sizeBytes
  }

  async #read(key: string, options: CallOptions, range?: { start: number; end: number }): Promise<Buffer> {
    const stream = await this.#objects.get(key, range === undefined ? options : { ...options, range })
    const chunks: Buffer[] = []
    for await (const chunk of stream) chunks.push(chunk)
    return chunks.length === 1 && chunks[0] !== undefined ? chunks[0] : Buffer.concat(chunks)
  }
}

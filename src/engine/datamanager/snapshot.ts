import type { CallOptions } from '../ports/call-options.ts'
import { compareBytes } from '../std/byte-order.ts'
import { type Block, decodeEntries, type StoredEntry } from './data-file.ts'
import type { DataFile, DataStatus } from './data-status.ts'
import type { FileStore } from './file-store.ts'

const blocksAtOnceMax = 64

/** Which ids a scan wants. `above` and `below` are exclusive, `from` is inclusive. */
export interface IdRange {
  from?: string
  above?: string
  below?: string
  descending?: boolean
}

/** Entries of one published snapshot. */
export class Snapshot {
  readonly status: DataStatus
  readonly #files: FileStore

  constructor(status: DataStatus, files: FileStore) {
    this.status = status
    this.#files = files
  }

  /** Reads one block of one file. */
  async get(dataType: string, id: string, options: CallOptions): Promise<Uint8Array | null> {
    const file = this.status.files.get(dataType)?.find(({ lastId }) => compareBytes(id, lastId) <= 0)
    if (file === undefined) return null
    const { blocks } = await this.#files.index(dataType, file, options)
    const block = blocks.find(({ lastId }) => compareBytes(id, lastId) <= 0)
    if (block === undefined || compareBytes(id, block.firstId) < 0) return null
    const entries = await this.#entries(dataType, file, [block], options)
    return entries.find((entry) => entry.id === id)?.data ?? null
  }

  scan(dataType: string, range: IdRange, options: CallOptions): AsyncGenerator<StoredEntry, void, undefined> {
    return this.#scan(dataType, this.status.files.get(dataType) ?? [], range, options)
  }

  scanIndex(name: string, range: IdRange, options: CallOptions): AsyncGenerator<StoredEntry, void, undefined> {
    return this.#scan(name, this.status.indexes.get(name)?.files ?? [], range, options)
  }

  async *#scan(
    set: string,
    files: readonly DataFile[],
    range: IdRange,
    options: CallOptions,
  ): AsyncGenerator<StoredEntry, void, undefined> {
    const descending = range.descending === true
    let blocksAtOnce = 1
    for (const file of inDirection(filesIn(files, range), descending)) {
      const index = await this.#files.index(set, file, options)
      const overlapping = index.blocks.filter((block) => overlaps(block, range))
      const blocks = inDirection(overlapping, descending)
      for (let at = 0; at < blocks.length; at += blocksAtOnce) {
        // A short list reads one block; a long one soon reads a mebibyte at a time.
        if (at > 0) blocksAtOnce = Math.min(blocksAtOnce * 2, blocksAtOnceMax)
        const entries = await this.#entries(set, file, blocks.slice(at, at + blocksAtOnce), options)
        for (const entry of inDirection(entries, descending)) if (contains(range, entry.id)) yield entry
      }
    }
  }

  /** `blocks` are neighbours, in either direction. */
  async #entries(set: string, file: DataFile, blocks: readonly Block[], options: CallOptions): Promise<StoredEntry[]> {
    const start = Math.min(...blocks.map(({ offset }) => offset))
    const end = Math.max(...blocks.map(({ offset, length }) => offset + length))
    return decodeEntries(await this.#files.read(set, file, options, { start, end }), `data file ${file.id} of ${set}`)
  }
}

export function contains({ from, above, below }: IdRange, id: string): boolean {
  if (from !== undefined && compareBytes(id, from) < 0) return false
  if (above !== undefined && compareBytes(id, above) <= 0) return false
  return below === undefined || compareBytes(id, below) < 0
}

/** Files that can hold ids of the range, judged by their last ids alone: a file begins behind the end of the one before it. */
function filesIn(files: readonly DataFile[], range: IdRange): DataFile[] {
  const { below } = range
  return files.filter(({ lastId }, at) => {
    const before = files[at - 1]?.lastId
    const beginsBeyond = below !== undefined && before !== undefined && compareBytes(before, below) >= 0
    return reaches(lastId, range) && !beginsBeyond
  })
}

function overlaps({ firstId, lastId }: Block, range: IdRange): boolean {
  return reaches(lastId, range) && (range.below === undefined || compareBytes(firstId, range.below) < 0)
}

/** Whether something that ends with `lastId` can hold an id of the range, as far as its lower end goes. */
function reaches(lastId: string, { from, above }: IdRange): boolean {
  if (from !== undefined && compareBytes(lastId, from) < 0) return false
  return above === undefined || compareBytes(lastId, above) > 0
}

function inDirection<T>(items: readonly T[], descending: boolean): readonly T[] {
  return descending ? items.toReversed() : items
}

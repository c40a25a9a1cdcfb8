import type { CallOptions } from '../ports/call-options.ts'
import { compareBytes } from '../std/byte-order.ts'
import { decodeEntries, type StoredEntry } from './data-file.ts'
import type { DataFile } from './data-status.ts'
import { FileBuilder } from './file-builder.ts'
import type { FileStore } from './file-store.ts'
import type { Sequence } from './sequence.ts'

/** What becomes of one id: an entry, or null for its removal. */
export interface Change {
  id: string
  entry: StoredEntry | null
}

export interface Rewrite {
  /** Data type or index name. */
  set: string
  maker: Sequence
  /** Ordered by id, each id once. */
  changes: readonly Change[]
  fileBytesMax: number
  /** Told of every change with the entry that was there before. */
  onChange?: (old: StoredEntry | null, change: Change) => void
}

/** Applies changes to the ordered data files of one set and gives its new list of files. Files without changes keep their name and are not
 *  read, except for small neighbours of changed ones, which are joined to them (spec/storage.md 5.8). */
export async function rewriteFiles(
  store: FileStore,
  files: readonly DataFile[],
  rewrite: Rewrite,
  options: CallOptions,
): Promise<DataFile[]> {
  const result: DataFile[] = []
  const { fileBytesMax, set, maker } = rewrite
  const builder = new FileBuilder(set, fileBytesMax, async (file) => {
    result.push(await store.write(set, maker, file, options))
  })
  const merge = new FileMerge(store, builder, rewrite, options)
  for (const { file, changes } of assign(files, rewrite.changes)) {
    if (changes.length > 0) {
      const before = result.at(-1)
      const joins = builder.sizeBytes === 0 && before !== undefined && isSmall(before, fileBytesMax / 4)
      if (joins && result.pop() === before) await merge.merge(before, [])
      await merge.merge(file, changes)
    } else if (file !== null && builder.sizeBytes > 0 && isSmall(file, fileBytesMax / 2 - builder.sizeBytes)) {
      await merge.merge(file, [])
    } else if (file !== null) {
      await builder.flush()
      result.push(file)
    }
  }
  await builder.flush()
  return result
}

interface Assignment {
  file: DataFile | null
  changes: Change[]
}

/** Each change goes to the first file that ends with its id or a later one; those beyond the end go to the last file. */
function assign(files: readonly DataFile[], changes: readonly Change[]): Assignment[] {
  const assignments: Assignment[] = files.map((file) => ({ file, changes: [] }))
  if (assignments.length === 0) return [{ file: null, changes: [...changes] }]
  let at = 0
  for (const change of changes) {
    while (at < files.length - 1 && compareBytes(change.id, files[at]?.lastId ?? '') > 0) at++
    assignments[at]?.changes.push(change)
  }
  return assignments
}

function isSmall({ sizeBytes }: DataFile, belowBytes: number): boolean {
  return sizeBytes > 0 && sizeBytes < belowBytes
}

class FileMerge {
  readonly #store: FileStore
  readonly #builder: FileBuilder
  readonly #rewrite: Rewrite
  readonly #options: CallOptions

  constructor(store: FileStore, builder: FileBuilder, rewrite: Rewrite, options: CallOptions) {
    this.#store = store
    this.#builder = builder
    this.#rewrite = rewrite
    this.#options = options
  }

  /** Blocks without changes are copied as they are, without being parsed. */
  async merge(file: DataFile | null, changes: readonly Change[]): Promise<void> {
    let at = 0
    if (file !== null) {
      const { set } = this.#rewrite
      const { blocks, inLines } = await this.#store.index(set, file, this.#options)
      const bytes = await this.#store.read(set, file, this.#options)
      for (const block of blocks) {
        const end = firstBeyond(changes, at, block.lastId)
        const part = bytes.subarray(block.offset, block.offset + block.length)
        if (end === at && inLines) await this.#builder.addBlock(block, part)
        else await this.#mergeEntries(decodeEntries(part, `data file ${file.id} of ${set}`), changes.slice(at, end))
        at = end
      }
    }
    await this.#mergeEntries([], changes.slice(at))
  }

  async #mergeEntries(entries: readonly StoredEntry[], changes: readonly Change[]): Promise<void> {
    let at = 0
    for (const old of entries) {
      for (
        let change = changes[at];
        change !== undefined && compareBytes(change.id, old.id) < 0;
        change = changes[++at]
      ) {
        await this.#apply(null, change)
      }
      const change = changes[at]
      if (change?.id === old.id) {
        await this.#apply(old, change)
        at++
      } else {
        await this.#builder.add(old)
      }
    }
    for (const change of changes.slice(at)) await this.#apply(null, change)
  }

  async #apply(old: StoredEntry | null, change: Change): Promise<void> {
    this.#rewrite.onChange?.(old, change)
    if (change.entry !== null) await this.#builder.add(change.entry)
  }
}

/** The first change at or after `at` whose id is greater than `lastId`. */
function firstBeyond(changes: readonly Change[], at: number, lastId: string): number {
  let end = at
  for (
    let change = changes[end];
    change !== undefined && compareBytes(change.id, lastId) <= 0;
    change = changes[++end]
  );
  return end
}

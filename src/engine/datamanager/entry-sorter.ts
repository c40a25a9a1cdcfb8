import type { CallOptions } from '../ports/call-options.ts'
import { compareBytes } from '../std/byte-order.ts'
import type { DataManagerContext } from './context.ts'
import type { StoredEntry } from './data-file.ts'
import type { DataStatus } from './data-status.ts'
import { FileBuilder } from './file-builder.ts'
import type { Sequence } from './sequence.ts'
import { Snapshot } from './snapshot.ts'

/** So many full data files of entries wait in memory at most. */
const filesInMemoryMax = 8

type SorterContext = Pick<DataManagerContext, 'store' | 'objects' | 'fileBytesMax'>

/** Puts entries of one set in order, however many there are: what would take too much memory is sorted and written aside in parts, which
 *  are merged at the end. Parts are data files that no snapshot names: those of a process that died are collected as orphans. */
export class EntrySorter {
  readonly #context: SorterContext
  readonly #set: string
  readonly #maker: Sequence
  readonly #options: CallOptions
  readonly #parts: DataStatus[] = []
  #waiting: StoredEntry[] = []
  #waitingBytes = 0

  constructor(context: SorterContext, set: string, maker: Sequence, options: CallOptions) {
    this.#context = context
    this.#set = set
    this.#maker = maker
    this.#options = options
  }

  async add(entry: StoredEntry): Promise<void> {
    this.#waiting.push(entry)
    this.#waitingBytes += entry.id.length + entry.data.byteLength
    if (this.#waitingBytes >= filesInMemoryMax * this.#context.fileBytesMax) await this.#putAside()
  }

  /** All entries by id; to be called once. The parts are gone when it has ended. */
  async *sorted(): AsyncGenerator<StoredEntry, void, undefined> {
    const { store, objects } = this.#context
    const parts = this.#parts.map((part) => new Snapshot(part, store).scan(this.#set, {}, this.#options))
    yield* merge([...parts, this.#takeWaiting()])
    for (const key of this.#parts.flatMap((part) => store.keysOf(part))) await objects.delete(key, this.#options)
  }

  async #putAside(): Promise<void> {
    const { store, fileBytesMax } = this.#context
    const part = emptyStatus(this.#maker)
    const files = part.files.get(this.#set) ?? []
    part.files.set(this.#set, files)
    this.#parts.push(part)
    const builder = new FileBuilder(this.#set, fileBytesMax, async (file) => {
      files.push(await store.write(this.#set, this.#maker, file, this.#options))
    })
    for (const entry of this.#takeWaiting()) await builder.add(entry)
    await builder.flush()
  }

  #takeWaiting(): StoredEntry[] {
    const waiting = this.#waiting.sort((a, b) => compareBytes(a.id, b.id))
    this.#waiting = []
    this.#waitingBytes = 0
    return waiting
  }
}

function emptyStatus(dataSequence: Sequence): DataStatus {
  return { dataSequence, walSequence: dataSequence, files: new Map(), indexes: new Map() }
}

type Entries = Iterable<StoredEntry> | AsyncIterable<StoredEntry>

/** One ordered sequence out of several. There are few of them, so looking at the head of each is quick enough. */
async function* merge(sources: readonly Entries[]): AsyncGenerator<StoredEntry, void, undefined> {
  const heads: { rest: Iterator<StoredEntry> | AsyncIterator<StoredEntry>; entry: StoredEntry }[] = []
  for (const source of sources) {
    const rest = Symbol.asyncIterator in source ? source[Symbol.asyncIterator]() : source[Symbol.iterator]()
    const first = await rest.next()
    if (first.done !== true) heads.push({ rest, entry: first.value })
  }
  for (let [least] = heads; least !== undefined; [least] = heads) {
    for (const head of heads) if (compareBytes(head.entry.id, least.entry.id) < 0) least = head
    yield least.entry
    const next = await least.rest.next()
    if (next.done === true) heads.splice(heads.indexOf(least), 1)
    else least.entry = next.value
  }
}

import type { Log } from '../ports/log.ts'
import { compareBytes } from '../std/byte-order.ts'
import type { Action } from './action.ts'
import type { StoredEntry } from './data-file.ts'
import type { DataIndex } from './data-type.ts'
import { indexEntriesOf } from './index-entries.ts'
import type { Sequence } from './sequence.ts'

/** `data` null is a tombstone: it hides the entry of the snapshot. */
interface Latest {
  sequence: Sequence
  data: Uint8Array | null
}

/** The committed changes that no snapshot contains yet, in memory. What a wal brought goes when a snapshot contains that wal. */
export class Overlay {
  readonly #types = new Map<string, Map<string, Latest>>()
  /** Sorted lists, kept until the type changes. A list that was given away is never changed. */
  readonly #sorted = new Map<string, readonly StoredEntry[]>()
  readonly #log: Log

  constructor(log: Log) {
    this.#log = log
  }

  apply(sequence: Sequence, actions: readonly Action[]): void {
    for (const action of actions) {
      const latest = this.#types.get(action.dataType) ?? new Map<string, Latest>()
      latest.set(action.id, { sequence, data: action.type === 'put' ? action.data : null })
      this.#types.set(action.dataType, latest)
    }
    if (actions.length > 0) this.#sorted.clear()
  }

  dropUpTo(sequence: Sequence): void {
    for (const [dataType, latest] of this.#types) {
      for (const [id, change] of latest) if (change.sequence <= sequence) latest.delete(id)
      if (latest.size === 0) this.#types.delete(dataType)
    }
    this.#sorted.clear()
  }

  /** undefined: not changed since the snapshot; null: deleted. */
  get(dataType: string, id: string): Uint8Array | null | undefined {
    return this.#types.get(dataType)?.get(id)?.data
  }

  /** Ids that hide those of the snapshot, as they are now. */
  ids(dataType: string): ReadonlySet<string> {
    return new Set(this.#types.get(dataType)?.keys())
  }

  entries(dataType: string): readonly StoredEntry[] {
    return this.#sort(dataType, () => this.#puts(dataType))
  }

  indexEntries(dataType: string, index: DataIndex): readonly StoredEntry[] {
    return this.#sort(`index ${index.name}`, () =>
      this.#puts(dataType).flatMap(({ id, data }) =>
        indexEntriesOf(index, id, data, this.#log).map((entry) => ({ id: entry.key, data: entry.data, owner: id })),
      ),
    )
  }

  #puts(dataType: string): StoredEntry[] {
    const latest = this.#types.get(dataType) ?? new Map<string, Latest>()
    return [...latest].flatMap(([id, { data }]) => (data === null ? [] : [{ id, data, owner: '' }]))
  }

  #sort(name: string, collect: () => StoredEntry[]): readonly StoredEntry[] {
    const sorted = this.#sorted.get(name) ?? collect().sort((a, b) => compareBytes(a.id, b.id))
    this.#sorted.set(name, sorted)
    return sorted
  }
}

import type {
  Compare,
  Entry,
  Op,
  RangeQuery,
  Txn,
  TxnResult,
  WatchBatch,
  WatchEvent,
} from '../../ports/key-value-store.ts'
import { holds } from './compare.ts'
import { leaseLost, revisionCompacted, revisionInFuture } from './store-errors.ts'

interface Version {
  revision: bigint
  /** `null`: deleted by this revision. */
  entry: Entry | null
}

/** Keys, their versions and the log of events of the memory store. Knows neither time nor promises. */
export class MemoryData {
  revision = 1n
  compactRevision = 0n
  readonly #versions = new Map<string, Version[]>()
  /** Every key that has a version, in order. */
  readonly #keys: string[] = []
  #log: { revision: bigint; events: WatchEvent[] }[] = []
  readonly #leaseKeys = new Map<string, Set<string>>()

  addLease(id: string): void {
    this.#leaseKeys.set(id, new Set())
  }

  /** Deletes the keys of the lease in one revision. */
  removeLease(id: string): void {
    const keys = this.#leaseKeys.get(id) ?? []
    this.#write([...keys].sort().map((key) => ({ type: 'delete', key })))
    this.#leaseKeys.delete(id)
  }

  get(key: string, revision?: bigint): Entry | null {
    const entry = this.#at(key, this.checkReadable(revision))
    return entry && copy(entry)
  }

  range(query: RangeQuery): { entries: Entry[]; more: boolean } {
    const revision = this.checkReadable(query.revision)
    const { limit = Number.POSITIVE_INFINITY } = query
    const entries: Entry[] = []
    for (const key of this.#selected(query)) {
      const entry = this.#at(key, revision)
      if (entry === null) continue
      if (entries.length === limit) return { entries, more: true }
      entries.push(query.keysOnly ? { ...entry, value: new Uint8Array() } : copy(entry))
    }
    return { entries, more: false }
  }

  txn({ compare = [], then, else: otherwise = [] }: Txn): TxnResult {
    const succeeded = compare.every((one: Compare) => holds(one, this.#at(one.key, this.revision)))
    const ops = succeeded ? then : otherwise
    for (const op of ops) {
      if (op.type === 'put' && op.lease !== undefined && !this.#leaseKeys.has(op.lease)) throw leaseLost(op.lease)
    }
    const gets = this.#write(ops)
    return { succeeded, revision: this.revision, gets }
  }

  /** Whole revisions after `cursor`, as many as fit into about `eventsMax` events, or `null` when there is none. */
  eventsAfter(cursor: bigint, prefix: string, eventsMax: number): WatchBatch | null {
    if (cursor < this.compactRevision) throw revisionCompacted(cursor + 1n, this.compactRevision + 1n)
    if (cursor >= this.revision) return null
    const events: WatchEvent[] = []
    for (let index = this.#logIndexAfter(cursor); index < this.#log.length; index++) {
      const step = this.#log[index]
      if (step === undefined) break
      for (const event of step.events) if (keyOf(event).startsWith(prefix)) events.push(copyEvent(event))
      if (events.length >= eventsMax) return { revision: step.revision, events }
    }
    return { revision: this.revision, events }
  }

  /** Keeps what a read at `revision` or later, and a watch from after it, can still see. */
  compact(revision: bigint): void {
    if (revision > this.revision) throw revisionInFuture(revision, this.revision)
    if (revision <= this.compactRevision) return
    this.compactRevision = revision
    this.#log = this.#log.slice(this.#logIndexAfter(revision))
    for (const [key, versions] of this.#versions) {
      const newest = versions.findLastIndex((one) => one.revision <= revision)
      if (newest < 0) continue
      versions.splice(0, versions[newest]?.entry === null ? newest + 1 : newest)
      if (versions.length === 0) this.#forget(key)
    }
  }

  sizeBytes(): number {
    let bytes = 0
    for (const [key, versions] of this.#versions) {
      for (const { entry } of versions) bytes += key.length + (entry?.value.byteLength ?? 0)
    }
    return bytes
  }

  checkReadable(revision = this.revision): bigint {
    if (revision > this.revision) throw revisionInFuture(revision, this.revision)
    if (revision < this.compactRevision) throw revisionCompacted(revision, this.compactRevision)
    return revision
  }

  #at(key: string, revision: bigint): Entry | null {
    const versions = this.#versions.get(key)
    return versions?.findLast((one) => one.revision <= revision)?.entry ?? null
  }

  /** Operations see what those before them did; gets are answered in order. */
  #write(ops: readonly Op[]): (Entry | null)[] {
    const next = this.revision + 1n
    const events: WatchEvent[] = []
    const gets: (Entry | null)[] = []
    for (const op of ops) {
      if (op.type === 'get') {
        const entry = this.#at(op.key, next)
        gets.push(entry && copy(entry))
      } else if (op.type === 'put') {
        events.push({ type: 'put', entry: this.#put(op.key, op.value, op.lease ?? null, next) })
      } else {
        const keys = op.type === 'delete' ? [op.key] : this.#selected({ prefix: op.prefix })
        for (const key of keys) if (this.#delete(key, next)) events.push({ type: 'delete', key, modRevision: next })
      }
    }
    if (events.length > 0) {
      this.revision = next
      this.#log.push({ revision: next, events })
    }
    return gets
  }

  #put(key: string, value: Uint8Array, lease: string | null, revision: bigint): Entry {
    const old = this.#at(key, revision)
    const entry: Entry = {
      key,
      value: new Uint8Array(value),
      createRevision: old?.createRevision ?? revision,
      modRevision: revision,
      version: (old?.version ?? 0) + 1,
      lease,
    }
    this.#store(key, old, { revision, entry })
    return entry
  }

  #delete(key: string, revision: bigint): boolean {
    const old = this.#at(key, revision)
    if (old === null) return false
    this.#store(key, old, { revision, entry: null })
    return true
  }

  #store(key: string, old: Entry | null, version: Version): void {
    if (old?.lease) this.#leaseKeys.get(old.lease)?.delete(key)
    if (version.entry?.lease) this.#leaseKeys.get(version.entry.lease)?.add(key)
    const versions = this.#versions.get(key)
    if (versions) {
      versions.push(version)
      return
    }
    this.#versions.set(key, [version])
    this.#keys.splice(this.#keyIndex(key), 0, key)
  }

  #forget(key: string): void {
    this.#versions.delete(key)
    this.#keys.splice(this.#keyIndex(key), 1)
  }

  #selected({ prefix, after, descending = false }: RangeQuery): string[] {
    const start = this.#keyIndex(prefix)
    let end = start
    while (this.#keys[end]?.startsWith(prefix)) end++
    const keys = this.#keys.slice(start, end)
    if (descending) keys.reverse()
    if (after === undefined) return keys
    return keys.filter((key) => (descending ? key < after : key > after))
  }

  /** Of the first key that is not less. ASCII only, so the order of strings is the order of bytes. */
  #keyIndex(key: string): number {
    return lowerBound(this.#keys.length, (index) => (this.#keys[index] ?? '') >= key)
  }

  #logIndexAfter(revision: bigint): number {
    return lowerBound(this.#log.length, (index) => (this.#log[index]?.revision ?? 0n) > revision)
  }
}

function lowerBound(length: number, isAtOrAfter: (index: number) => boolean): number {
  let low = 0
  let high = length
  while (low < high) {
    const middle = (low + high) >>> 1
    if (isAtOrAfter(middle)) high = middle
    else low = middle + 1
  }
  return low
}

function copy(entry: Entry): Entry {
  return { ...entry, value: new Uint8Array(entry.value) }
}

function copyEvent(event: WatchEvent): WatchEvent {
  return event.type === 'put' ? { type: 'put', entry: copy(event.entry) } : { ...event }
}

function keyOf(event: WatchEvent): string {
  return event.type === 'put' ? event.entry.key : event.key
}

import type { CallOptions } from '../ports/call-options.ts'
import type { Log } from '../ports/log.ts'
import { compareBytes } from '../std/byte-order.ts'
import type { Action } from './action.ts'
import type { StoredEntry } from './data-file.ts'
import type { DataFile, DataStatus } from './data-status.ts'
import type { DataIndex, DataType, IndexEntry } from './data-type.ts'
import type { FileStore } from './file-store.ts'
import { indexEntriesOf } from './index-entries.ts'
import { type Change, rewriteFiles } from './rewrite-files.ts'
import type { Sequence } from './sequence.ts'
import { Snapshot } from './snapshot.ts'

export interface SnapshotContext {
  store: FileStore
  dataTypes: readonly DataType[]
  fileBytesMax: number
  log: Log
}

export interface SnapshotPlan {
  previous: DataStatus | null
  /** In the order in which they were committed. */
  actions: readonly Action[]
  dataSequence: Sequence
  walSequence: Sequence
}

/** Writes the snapshot that is the previous one with the actions applied: new files first, the manifest last. Nothing existing is changed. */
export async function buildSnapshot(
  context: SnapshotContext,
  plan: SnapshotPlan,
  options: CallOptions,
): Promise<DataStatus> {
  const { previous, dataSequence, walSequence } = plan
  const status: DataStatus = { dataSequence, walSequence, files: new Map(previous?.files), indexes: new Map() }
  const byType = lastChanges(plan.actions)
  for (const dataType of dataTypesOf(context.dataTypes, byType)) {
    const indexes = (dataType.indexes ?? []).map((index) => new IndexChanges(index, context.log))
    const changes = byType.get(dataType.name) ?? []
    if (changes.length > 0) {
      const files = await rewriteFiles(
        context.store,
        previous?.files.get(dataType.name) ?? [],
        {
          set: dataType.name,
          maker: dataSequence,
          changes,
          fileBytesMax: context.fileBytesMax,
          onChange: (old, change) => {
            for (const index of indexes) index.note(old, change)
          },
        },
        options,
      )
      status.files.set(dataType.name, files)
    }
    for (const index of indexes) {
      const files = await buildIndex(context, { previous, status, dataType: dataType.name, index }, options)
      status.indexes.set(index.name, { version: index.version, files })
    }
  }
  await context.store.writeStatus(status, options)
  return status
}

/** Types that are not known here are kept all the same: an older program must not lose what a newer one wrote. */
function dataTypesOf(known: readonly DataType[], changed: ReadonlyMap<string, unknown>): DataType[] {
  const unknown = [...changed.keys()].filter((name) => known.every((dataType) => dataType.name !== name))
  return [...known, ...unknown.map((name) => ({ name }))]
}

/** By type, ordered by id, only the last action of each id. */
function lastChanges(actions: readonly Action[]): Map<string, Change[]> {
  const byType = new Map<string, Map<string, Change>>()
  for (const action of actions) {
    const { dataType, id } = action
    const entry = action.type === 'put' ? { id, data: action.data, owner: '' } : null
    const changes = byType.get(dataType) ?? new Map<string, Change>()
    byType.set(dataType, changes.set(id, { id, entry }))
  }
  return new Map([...byType].map(([type, changes]) => [type, inOrder(changes)]))
}

function inOrder(changes: ReadonlyMap<string, Change>): Change[] {
  return [...changes.values()].sort((a, b) => compareBytes(a.id, b.id))
}

interface IndexPlan {
  previous: DataStatus | null
  status: DataStatus
  dataType: string
  index: IndexChanges
}

async function buildIndex(context: SnapshotContext, plan: IndexPlan, options: CallOptions): Promise<DataFile[]> {
  const { previous, status, dataType, index } = plan
  const before = previous?.indexes.get(index.name)
  const isCurrent = before?.version === index.version || previous?.files.get(dataType) === undefined
  if (!isCurrent) {
    index.clear()
    for await (const entry of new Snapshot(status, context.store).scan(dataType, {}, options)) {
      index.note(null, { id: entry.id, entry })
    }
  }
  const changes = index.changes()
  const files = isCurrent ? (before?.files ?? []) : []
  if (changes.length === 0) return files
  const rewrite = { set: index.name, maker: status.dataSequence, changes, fileBytesMax: context.fileBytesMax }
  return rewriteFiles(context.store, files, rewrite, options)
}

/** Gathers what changes in an index while its entries change. */
class IndexChanges {
  readonly name: string
  readonly version: number
  readonly #index: DataIndex
  readonly #log: Log
  readonly #changes = new Map<string, Change>()

  constructor(index: DataIndex, log: Log) {
    this.name = index.name
    this.version = index.version
    this.#index = index
    this.#log = log
  }

  note(old: StoredEntry | null, { id, entry }: Change): void {
    for (const { key } of this.#entriesOf(id, old)) this.#changes.set(key, { id: key, entry: null })
    for (const { key, data } of this.#entriesOf(id, entry)) {
      this.#changes.set(key, { id: key, entry: { id: key, data, owner: id } })
    }
  }

  clear(): void {
    this.#changes.clear()
  }

  changes(): Change[] {
    return inOrder(this.#changes)
  }

  #entriesOf(id: string, entry: StoredEntry | null): readonly IndexEntry[] {
    return entry === null ? [] : indexEntriesOf(this.#index, id, entry.data, this.#log)
  }
}

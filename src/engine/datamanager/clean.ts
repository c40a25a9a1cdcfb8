import type { CallOptions } from '../ports/call-options.ts'
import type { Compare, Op } from '../ports/key-value-store.ts'
import type { DataManagerContext } from './context.ts'
import type { DataStatus, SnapshotPointer } from './data-status.ts'
import { findHeader, sequencesIn } from './object-history.ts'
import { readPointer } from './read-wals.ts'
import { isSequence, type Sequence } from './sequence.ts'
import { readStoredWal } from './sync.ts'
import { transact } from './transact.ts'

const snapshotsKept = 3
const deletesAtOnceMax = 90

/** What must stay, as far as the pointer tells. */
export interface Needed {
  pointer: SnapshotPointer
  /** The last three published or older snapshots, and those that somebody holds for long. */
  statuses: DataStatus[]
  fileKeys: ReadonlySet<string>
}

/** Removes what no reader and no restart can need any more (spec/storage.md 5.10): checkpointed wals from the key-value store, old snapshots
 *  with their files, wals before the oldest snapshot from object storage. Cut short anywhere, the next round goes on. */
export async function clean(context: DataManagerContext, fence: Compare, options: CallOptions): Promise<void> {
  const needed = await findNeeded(context, options)
  if (needed === null) return
  await cleanStoreWals(context, needed, fence, options)
  await cleanSnapshots(context, needed, options)
  await cleanObjectWals(context, needed, options)
}

/** null while nothing can be removed: no snapshot yet, or one whose last wal object storage does not have yet. Such a snapshot does not
 *  count when the key-value store is lost, so its predecessors are needed. */
export async function findNeeded(context: DataManagerContext, options: CallOptions): Promise<Needed | null> {
  const { kv, storeKeys, objectKeys, store } = context
  const pointer = await readPointer(context, options)
  if (pointer === null) return null
  if (pointer.walSequence > (await readStoredWal(context, options))) return null
  const { entries: pins } = await kv.range({ prefix: storeKeys.pinPrefix }, options)
  const pinned = new Set(pins.map(({ value }) => Buffer.from(value).toString()))
  const all = await sequencesIn(context, objectKeys.dataPrefix, (key) => objectKeys.sequenceOfStatus(key), options)
  const published = all.filter((sequence) => sequence <= pointer.dataSequence)
  // The pointer's own, even when it is not listed any more because this process stood still meanwhile and does not lead now: later
  // snapshots have files of it, and of none before it. That it cannot be read ends the round.
  const wanted = new Set([
    ...published.filter((sequence) => pinned.has(sequence)),
    ...published.slice(-snapshotsKept),
    pointer.dataSequence,
  ])
  const statuses = await Promise.all([...wanted].map((sequence) => store.readStatus(sequence, options)))
  return { pointer, statuses, fileKeys: new Set(statuses.flatMap((status) => store.keysOf(status))) }
}

/** The newest stay for readers that follow the history. */
async function cleanStoreWals(
  context: DataManagerContext,
  needed: Needed,
  fence: Compare,
  options: CallOptions,
): Promise<void> {
  const { kv, clock, storeKeys, walsKept } = context
  const { entries } = await kv.range({ prefix: storeKeys.walPrefix, keysOnly: true }, options)
  const last = storeKeys.wal(needed.pointer.walSequence)
  const spare = entries.slice(0, Math.max(0, entries.length - walsKept)).filter(({ key }) => key <= last)
  for (let start = 0; start < spare.length; start += deletesAtOnceMax) {
    const ops = spare.slice(start, start + deletesAtOnceMax).map(({ key }): Op => ({ type: 'delete', key }))
    if (!(await transact(kv, clock, { compare: [fence], ops }, options)).succeeded) return
  }
}

/** The manifest goes first: nobody must find one whose files are gone. Anything newer than the pointer may be a checkpoint under way. */
async function cleanSnapshots(
  context: DataManagerContext,
  { pointer, statuses, fileKeys }: Needed,
  options: CallOptions,
): Promise<void> {
  const { objects, objectKeys } = context
  const kept = new Set(statuses.map(({ dataSequence }) => dataSequence))
  const isOld = (sequence: Sequence | null): boolean => sequence !== null && sequence <= pointer.dataSequence
  const files: string[] = []
  for await (const { key } of objects.list({ prefix: objectKeys.dataPrefix, recursive: true }, options)) {
    const status = objectKeys.sequenceOfStatus(key)
    if (status === null) {
      if (isOld(objectKeys.sequenceOfFile(key)) && !fileKeys.has(key)) files.push(key)
    } else if (isOld(status) && !kept.has(status)) {
      await objects.delete(key, options)
    }
  }
  for (const key of files) await objects.delete(key, options)
}

/** Data before header: as long as there is a header, the next round finds the data. */
async function cleanObjectWals(context: DataManagerContext, { statuses }: Needed, options: CallOptions): Promise<void> {
  const { kv, storeKeys, objects, objectKeys } = context
  const { entries } = await kv.range({ prefix: storeKeys.walPrefix, limit: 1, keysOnly: true }, options)
  const first = entries[0]?.key.slice(storeKeys.walPrefix.length) ?? ''
  const starts = [...statuses.map(({ walSequence }) => walSequence), ...(isSequence(first) ? [first] : [])].sort()
  const start = starts[0] ?? ''
  const headers = await sequencesIn(
    context,
    objectKeys.walHeaderPrefix,
    (key) => objectKeys.sequenceOfHeader(key),
    options,
  )
  for (const sequence of headers.filter((sequence) => sequence < start)) {
    const header = await findHeader(context, sequence, options)
    if (header === null) continue
    await objects.delete(objectKeys.walData(header.dataFileId), options)
    await objects.delete(objectKeys.walHeader(sequence), options)
  }
}

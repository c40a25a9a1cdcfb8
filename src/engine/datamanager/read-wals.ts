import type { CallOptions } from '../ports/call-options.ts'
import { type Action, decodeActions } from './action.ts'
import type { DataManagerContext } from './context.ts'
import { decodePointer, type SnapshotPointer } from './data-status.ts'
import { counterOf, type Sequence } from './sequence.ts'
import { decodeWal, decodeWalsData, type Wal, type WalsData } from './wal.ts'

const walsAtOnceMax = 20

/** Where the history stands. `value` is what a writer compares with. */
export interface WalPosition extends WalsData {
  value: Uint8Array
  revision: bigint
  /** The revision of the last write. */
  writtenAt: bigint
}

/** null when the store is not initialised. */
export async function readPosition(
  { kv, storeKeys }: DataManagerContext,
  options: CallOptions & { revision?: bigint },
): Promise<WalPosition | null> {
  const { entry, revision } = await kv.get(storeKeys.walsData, options)
  if (entry === null) return null
  return { ...decodeWalsData(entry.value), value: entry.value, revision, writtenAt: entry.modRevision }
}

/** The newest published snapshot; null before the first one. */
export async function readPointer(
  { kv, storeKeys }: DataManagerContext,
  options: CallOptions & { revision?: bigint },
): Promise<SnapshotPointer | null> {
  const { entry } = await kv.get(storeKeys.pointer, options)
  return entry === null ? null : decodePointer(entry.value)
}

/** Wals after `after` in order, as they were at `revision`. */
export async function* walsAfter(
  { kv, storeKeys }: DataManagerContext,
  after: Sequence,
  revision: bigint,
  options: CallOptions,
): AsyncGenerator<Wal, void, undefined> {
  let cursor = storeKeys.walPrefix + after
  for (;;) {
    const query = { prefix: storeKeys.walPrefix, after: cursor, limit: walsAtOnceMax, revision }
    const { entries, more } = await kv.range(query, options)
    for (const { key, value } of entries) {
      yield decodeWal(value, `the wal ${key}`)
      cursor = key
    }
    if (!more) return
  }
}

export async function actionsOf(
  { objects, objectKeys }: DataManagerContext,
  wal: Pick<Wal, 'inline' | 'dataFileId'>,
  options: CallOptions,
): Promise<Action[]> {
  const key = objectKeys.walData(wal.dataFileId)
  if (wal.inline !== null) return decodeActions(wal.inline, key)
  const chunks: Buffer[] = []
  for await (const chunk of await objects.get(key, options)) chunks.push(chunk)
  return decodeActions(Buffer.concat(chunks), key)
}

/** Whether no wal is missing between the two. The first wal of all names none before it. */
export function follows(wal: Pick<Wal, 'previous'>, lastWal: Sequence): boolean {
  return wal.previous === lastWal || (wal.previous === '' && (lastWal === '' || counterOf(lastWal) === 0))
}

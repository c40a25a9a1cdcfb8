import type { CallOptions } from '../ports/call-options.ts'
import type { Compare } from '../ports/key-value-store.ts'
import type { Action } from './action.ts'
import { buildSnapshot } from './build-snapshot.ts'
import type { DataManagerContext } from './context.ts'
import { type DataStatus, decodePointer, encodePointer } from './data-status.ts'
import { actionsOf, readPointer, readPosition, walsAfter } from './read-wals.ts'
import type { Sequence } from './sequence.ts'
import { takeSequence } from './take-sequence.ts'
import { transact, unchanged } from './transact.ts'

const actionBytesMax = 64 * 1024 * 1024

export interface CheckpointOptions extends CallOptions {
  /** However little there is to do. */
  force?: boolean
}

/** Folds the wals that object storage has into a new snapshot, and publishes it in one transaction: the pointer must be the one that the
 *  snapshot was built on, and the leader's fence must stand (spec/storage.md 13.5, rule 1). A checkpointer that was paused past its time
 *  can therefore write files, but never bring back older values. Gives whether something was published. */
export async function checkpoint(
  context: DataManagerContext,
  fence: Compare,
  options: CheckpointOptions,
): Promise<boolean> {
  const { kv, storeKeys, store, clock } = context
  const position = await readPosition(context, options)
  if (position === null) return false
  const pinned = { ...options, revision: position.revision }
  const stored = (await kv.get(storeKeys.storedWal, pinned)).entry
  const pointer = (await kv.get(storeKeys.pointer, pinned)).entry
  const current = pointer === null ? null : decodePointer(pointer.value)
  const upTo = stored === null ? '' : Buffer.from(stored.value).toString()
  const folded = await foldWals(
    context,
    { after: current?.walSequence ?? '', upTo, revision: position.revision },
    options,
  )
  if (folded.lastWal === '' || !(options.force === true || isWorthwhile(context, folded))) return false
  const dataSequence = await takeSequence(context, position.lastWal, options)
  const previous = current === null ? null : await store.readStatus(current.dataSequence, options)
  const plan = { previous, actions: folded.actions, dataSequence, walSequence: folded.lastWal }
  const status = await buildSnapshot(context, plan, options)
  const value = encodePointer(status)
  const compare = [unchanged(storeKeys.pointer, pointer?.value ?? null), fence]
  const outcome = await transact(kv, clock, { compare, ops: [{ type: 'put', key: storeKeys.pointer, value }] }, options)
  return outcome.succeeded || (outcome.wasUnknown && (await isPublished(context, status, options)))
}

interface Folded {
  actions: Action[]
  wals: number
  bytes: number
  /** '' when there is no wal. */
  lastWal: Sequence
}

/** Wals from the snapshot to what object storage has. So many at a time that they fit into memory; the rest waits for the next round. */
async function foldWals(
  context: DataManagerContext,
  { after, upTo, revision }: { after: Sequence; upTo: Sequence; revision: bigint },
  options: CallOptions,
): Promise<Folded> {
  const folded: Folded = { actions: [], wals: 0, bytes: 0, lastWal: '' }
  for await (const wal of walsAfter(context, after, revision, options)) {
    if (wal.sequence > upTo || folded.bytes > actionBytesMax) break
    const actions = await actionsOf(context, wal, options)
    for (const action of actions) {
      folded.actions.push(action)
      folded.bytes += action.id.length + (action.type === 'put' ? action.data.length : 0)
    }
    folded.wals++
    folded.lastWal = wal.sequence
  }
  return folded
}

function isWorthwhile({ checkpointWalsMin, checkpointBytesMin }: DataManagerContext, { wals, bytes }: Folded): boolean {
  return wals >= checkpointWalsMin || bytes >= checkpointBytesMin
}

async function isPublished(context: DataManagerContext, status: DataStatus, options: CallOptions): Promise<boolean> {
  const pointer = await readPointer(context, options)
  return pointer !== null && pointer.dataSequence >= status.dataSequence
}

import type { CallOptions } from '../ports/call-options.ts'
import type { Op } from '../ports/key-value-store.ts'
import type { Action } from './action.ts'
import { buildSnapshot } from './build-snapshot.ts'
import type { DataManagerContext } from './context.ts'
import { encodePointer } from './data-status.ts'
import { type ObjectHistory, readHistory } from './object-history.ts'
import { actionsOf, readPosition } from './read-wals.ts'
import { type Sequence, sequenceOf } from './sequence.ts'
import { syncWals } from './sync.ts'
import { epochAfter, takeEpoch } from './take-sequence.ts'
import { transact, unchanged } from './transact.ts'
import { encodeWal, encodeWalsData } from './wal.ts'

/** Makes sure that the key-value store knows where the history stands: at the first start of all, and after the key-value store was lost,
 *  from what object storage has (spec/storage.md 5.11). One transaction decides; whoever is slower finds the work done. */
export async function initialise(context: DataManagerContext, options: CallOptions): Promise<void> {
  for (;;) {
    if ((await readPosition(context, options)) !== null) return
    const isRestored = await fromObjects(context, options).catch(async (error: unknown) => {
      // A process that was faster may have removed by now what this one misses.
      if ((await readPosition(context, options)) === null) throw error
      return false
    })
    if (isRestored) await syncWals(context, options)
  }
}

/** Gives whether there was something to restore, and this process did it. */
async function fromObjects(context: DataManagerContext, options: CallOptions): Promise<boolean> {
  const history = await readHistory(context, options)
  if (history.status !== null || history.wals.length > 0) return restore(context, history, options)
  await begin(context, epochAfter(context, history.epoch), options)
  return false
}

async function begin(context: DataManagerContext, epoch: number, options: CallOptions): Promise<void> {
  const { kv, clock, storeKeys, random } = context
  const value = encodeWalsData({ lastWal: sequenceOf(epoch, 0), generation: random.uuid() })
  const ops: Op[] = [{ type: 'put', key: storeKeys.walsData, value }]
  await transact(kv, clock, { compare: [unchanged(storeKeys.walsData, null)], ops }, options)
}

/** Folds what object storage has into a snapshot of a new epoch. The new epoch starts with an empty wal, so that readers and older cursors
 *  notice; its header is written by the first sync, and only then the snapshot counts in a later initialisation. */
async function restore(context: DataManagerContext, history: ObjectHistory, options: CallOptions): Promise<boolean> {
  const { kv, clock, storeKeys, random, log } = context
  const sequence = await takeEpoch(context, history.epoch, options)
  const actions: Action[] = []
  for (const { dataFileId } of history.wals) {
    for (const action of await actionsOf(context, { inline: null, dataFileId }, options)) actions.push(action)
  }
  const plan = { previous: history.status, actions, dataSequence: sequence, walSequence: sequence }
  const status = await buildSnapshot(context, plan, options)
  const previous: Sequence = history.wals.at(-1)?.sequence ?? history.status?.walSequence ?? ''
  const wal = { sequence, previous, dataFileId: random.uuid(), resetTo: '', inline: new Uint8Array() }
  const ops: Op[] = [
    { type: 'put', key: storeKeys.walsData, value: encodeWalsData({ lastWal: sequence, generation: random.uuid() }) },
    { type: 'put', key: storeKeys.wal(sequence), value: encodeWal(wal) },
    { type: 'put', key: storeKeys.pointer, value: encodePointer(status) },
    { type: 'put', key: storeKeys.storedWal, value: Buffer.from(previous) },
  ]
  const compare = [unchanged(storeKeys.walsData, null)]
  const { succeeded } = await transact(kv, clock, { compare, ops }, options)
  if (succeeded)
    log.warn('the key-value store was empty: the data was restored from object storage', { walSequence: previous })
  return succeeded
}

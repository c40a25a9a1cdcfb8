import type { CallOptions } from '../ports/call-options.ts'
import type { DataManagerContext } from './context.ts'
import { readPosition, walsAfter } from './read-wals.ts'
import type { Sequence } from './sequence.ts'
import { transact, unchanged } from './transact.ts'
import { encodeHeader } from './wal.ts'

/** Brings committed wals to object storage, in order: data, header, then the watermark. Safe in several processes at once, since all of
 *  them write the same objects. Gives the last wal that object storage has; '' when it has none. */
export async function syncWals(context: DataManagerContext, options: CallOptions): Promise<Sequence> {
  const { kv, storeKeys, objects, objectKeys, clock } = context
  const put = { ...options, persist: true }
  const position = await readPosition(context, options)
  if (position === null) return ''
  const { entry } = await kv.get(storeKeys.storedWal, { ...options, revision: position.revision })
  const before = entry === null ? '' : Buffer.from(entry.value).toString()
  let last = before
  for await (const wal of walsAfter(context, before, position.revision, options)) {
    if (wal.inline !== null) await objects.put(objectKeys.walData(wal.dataFileId), wal.inline, put)
    await objects.put(objectKeys.walHeader(wal.sequence), encodeHeader(wal), put)
    last = wal.sequence
  }
  if (last === before) return last
  const value = Buffer.from(last)
  const moved = await transact(
    kv,
    clock,
    {
      compare: [unchanged(storeKeys.storedWal, entry?.value ?? null)],
      ops: [{ type: 'put', key: storeKeys.storedWal, value }],
    },
    options,
  )
  // Another process was faster, or our own lost answer was a success: what is there now is as good.
  return moved.succeeded ? last : readStoredWal(context, options)
}

export async function readStoredWal({ kv, storeKeys }: DataManagerContext, options: CallOptions): Promise<Sequence> {
  const { entry } = await kv.get(storeKeys.storedWal, options)
  return entry === null ? '' : Buffer.from(entry.value).toString()
}

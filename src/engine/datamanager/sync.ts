import type { CallOptions } from '../ports/call-options.ts'
import type { DataManagerContext } from './context.ts'
import { readPosition, walsAfter } from './read-wals.ts'
import type { Sequence } from './sequence.ts'
import { transact, unchanged } from './transact.ts'
import { encodeHeader } from './wal.ts'

const walsAtOnceMax = 8

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
  for await (const wals of inGroups(walsAfter(context, before, position.revision, options), walsAtOnceMax)) {
    // Data without a header is nothing, so its order does not matter; headers must never have a gap.
    await Promise.all(
      wals.map(async ({ inline, dataFileId }) => {
        if (inline !== null) await objects.put(objectKeys.walData(dataFileId), inline, put)
      }),
    )
    for (const wal of wals) {
      await objects.put(objectKeys.walHeader(wal.sequence), encodeHeader(wal), put)
      last = wal.sequence
    }
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

async function* inGroups<T>(items: AsyncIterable<T>, size: number): AsyncGenerator<T[]> {
  let group: T[] = []
  for await (const item of items) {
    group.push(item)
    if (group.length < size) continue
    yield group
    group = []
  }
  if (group.length > 0) yield group
}

export async function readStoredWal({ kv, storeKeys }: DataManagerContext, options: CallOptions): Promise<Sequence> {
  const { entry } = await kv.get(storeKeys.storedWal, options)
  return entry === null ? '' : Buffer.from(entry.value).toString()
}

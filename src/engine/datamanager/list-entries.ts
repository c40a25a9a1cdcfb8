import type { CallOptions } from '../ports/call-options.ts'
import { compareBytes } from '../std/byte-order.ts'
import type { StoredEntry } from './data-file.ts'
import type { DataIndex } from './data-type.ts'
import { contains, type IdRange } from './snapshot.ts'
import type { View } from './view.ts'

/** Entries of a type as the view has them, in order. What the overlay holds is taken at the call: later writes do not show. */
export function scanEntries(
  view: View,
  dataType: string,
  range: IdRange,
  options: CallOptions,
): AsyncGenerator<StoredEntry> {
  const hidden = view.overlay.ids(dataType)
  const stored = view.snapshot?.scan(dataType, range, options)
  return merge(stored, ({ id }) => hidden.has(id), view.overlay.entries(dataType), range)
}

/** Entries of an index. Those of changed owners come from the overlay only: their old keys are in the snapshot still. */
export function scanIndex(
  view: View,
  dataType: string,
  index: DataIndex,
  range: IdRange,
  options: CallOptions,
): AsyncGenerator<StoredEntry> {
  const hidden = view.overlay.ids(dataType)
  const stored = view.snapshot?.scanIndex(index.name, range, options)
  return merge(stored, ({ owner }) => hidden.has(owner), view.overlay.indexEntries(dataType, index), range)
}

async function* merge(
  stored: AsyncGenerator<StoredEntry, void, undefined> | undefined,
  isHidden: (entry: StoredEntry) => boolean,
  overlaid: readonly StoredEntry[],
  range: IdRange,
): AsyncGenerator<StoredEntry, void, undefined> {
  const sign = range.descending === true ? -1 : 1
  const fresh = overlaid.filter(({ id }) => contains(range, id))
  if (sign < 0) fresh.reverse()
  let at = 0
  for await (const entry of stored ?? []) {
    if (isHidden(entry)) continue
    for (let next = fresh[at]; next !== undefined && sign * compareBytes(next.id, entry.id) < 0; next = fresh[++at])
      yield next
    yield entry
  }
  yield* fresh.slice(at)
}

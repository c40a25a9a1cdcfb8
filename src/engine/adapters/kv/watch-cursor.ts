import type { WatchQuery } from '../../ports/key-value-store.ts'

/** Every store starts at revision 1, and nothing happens in it. */
export const firstRevision = 1n

/** The last revision that a new watcher has no wish to see, when the store is at `revision`. */
export function firstCursor(query: WatchQuery, revision: bigint): bigint {
  if (query.from === undefined) return revision
  return query.from > firstRevision ? query.from - 1n : firstRevision
}

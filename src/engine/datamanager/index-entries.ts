import type { Log } from '../ports/log.ts'
import type { DataIndex, IndexEntry } from './data-type.ts'

/** An entry that cannot be read is not listed; it must not stop the snapshots of all others. */
export function indexEntriesOf(index: DataIndex, id: string, data: Uint8Array, log: Log): readonly IndexEntry[] {
  try {
    return index.entriesOf(id, data)
  } catch (error) {
    log.error('an entry cannot be indexed', { index: index.name, id, error: String(error) })
    return []
  }
}

import type { Action } from '../../datamanager/action.ts'
import type { DataFeed } from '../../datamanager/data-feed.ts'
import type { CallOptions } from '../../ports/call-options.ts'
import type { WatchBatch, WatchEvent } from '../../ports/key-value-store.ts'
import type { Log } from '../../ports/log.ts'
import type { RunTableChange, RunTablePosition } from '../../ports/run-tables.ts'
import { decodeRun } from '../documents.ts'
import { keys } from '../keys.ts'
import { decodeRunData } from '../run-index.ts'
import { summaryOf } from '../run-summary.ts'

export interface RunChanges {
  changes: RunTableChange[]
  /** Where a copy stands that has made them. */
  position: RunTablePosition
}

/** What whole revisions of the key-value store mean to lists of runs: its own keys for active runs, those of the data manager for archived
 *  ones. Both come over the one stream, so that a run is in the archive before it stops being active. null when a copy at `position` cannot
 *  go on from there. */
export async function changesOf(
  { events, revision }: WatchBatch,
  position: RunTablePosition,
  { feed, log }: { feed: DataFeed; log: Log },
  options: CallOptions,
): Promise<RunChanges | null> {
  const data = await feed.changesAfter(position, events, options)
  if (data === null) return null
  const archived = data.actions.flatMap((action) => archivedChange(action, log))
  return {
    changes: [...archived, ...events.flatMap(activeChange)],
    position: { storeId: position.storeId, revision, ...data.position },
  }
}

function archivedChange(action: Action, log: Log): RunTableChange[] {
  if (action.dataType !== 'run') return []
  const gone = { type: 'delete', part: 'archive', id: action.id } as const
  if (action.type === 'delete') return [gone]
  try {
    return [{ type: 'put', part: 'archive', run: summaryOf(decodeRunData(action.data)) }]
  } catch (error) {
    // The index of the archive does not list it either.
    log.error('an archived run cannot be read', { run: action.id, error: String(error) })
    return [gone]
  }
}

function activeChange(event: WatchEvent): RunTableChange[] {
  const key = event.type === 'put' ? event.entry.key : event.key
  if (!key.startsWith(keys.runs)) return []
  if (event.type === 'delete') return [{ type: 'delete', part: 'active', id: key.slice(keys.runs.length) }]
  return [{ type: 'put', part: 'active', run: summaryOf(decodeRun(event.entry)) }]
}

import type { DataManager } from '../../datamanager/data-manager.ts'
import type { CallOptions } from '../../ports/call-options.ts'
import type { KeyValueStore } from '../../ports/key-value-store.ts'
import type { RunTable, RunTablePosition } from '../../ports/run-tables.ts'
import { decodeRun } from '../documents.ts'
import { keys } from '../keys.ts'
import { readAll } from '../read-all.ts'
import { decodeSummary, listPrefix, runIndex } from '../run-index.ts'
import { summaryOf } from '../run-summary.ts'

export interface BuildSources {
  kv: KeyValueStore
  data: DataManager
}

const pageRunsMax = 1000

/** Reads all runs into a new table, archived ones from their index without the runs themselves, and publishes it. Its position is that of
 *  the beginning: of what was written meanwhile it holds some, and all once it has come to the revision of the last such write. */
export async function buildRunTable(table: RunTable, { kv, data }: BuildSources, options: CallOptions): Promise<void> {
  const { storeId } = await kv.status(options)
  const { revision, generation, lastWal } = await data.feed.position(options)
  const position: RunTablePosition = { storeId, revision, generation, lastWal }
  await table.change([], position)
  for (let after: string | undefined; ; ) {
    const page = { prefix: listPrefix(undefined), limit: pageRunsMax, ...(after && { after }) }
    const entries = await data.listIndex(runIndex, { ...options, ...page })
    const runs = entries.map((entry) => decodeSummary(entry.data))
    await table.change(
      runs.map((run) => ({ type: 'put', part: 'archive', run })),
      position,
    )
    after = entries.at(-1)?.id
    if (entries.length < pageRunsMax || after === undefined) break
  }
  const { entries } = await readAll(kv, keys.runs, options)
  const active = entries.map((entry) => summaryOf(decodeRun(entry)))
  await table.change(
    active.map((run) => ({ type: 'put', part: 'active', run })),
    position,
  )
  await table.publish()
}

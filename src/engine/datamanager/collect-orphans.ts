import type { CallOptions } from '../ports/call-options.ts'
import type { Compare } from '../ports/key-value-store.ts'
import { findNeeded } from './clean.ts'
import type { DataManagerContext } from './context.ts'
import { findHeader, sequencesIn } from './object-history.ts'
import { readPosition, walsAfter } from './read-wals.ts'
import { transact } from './transact.ts'

const graceMs = 60 * 60 * 1000

/** Removes objects that nothing names and that are older than an hour: what writes, checkpoints and imports left that failed or died half
 *  way (spec/storage.md 13.5, rule 13). It lists objects first, then writes a key that writers with data in object storage read before they
 *  put it and compare when they name it, then looks for names: so it never misses a younger name, and a name that comes later, from a
 *  writer that stood still for that long, is refused. */
export async function collectOrphans(context: DataManagerContext, fence: Compare, options: CallOptions): Promise<void> {
  const { kv, objects, objectKeys, storeKeys, random, clock } = context
  const oldest = clock.now() - graceMs
  const candidates: string[] = []
  for (const prefix of [objectKeys.walDataPrefix, objectKeys.walHeaderPrefix, objectKeys.dataPrefix]) {
    for await (const { key, modificationTime } of objects.list({ prefix, recursive: true }, options)) {
      if (modificationTime < oldest) candidates.push(key)
    }
  }
  if (candidates.length === 0) return
  const announcement = { type: 'put', key: storeKeys.collection, value: Buffer.from(random.uuid()) } as const
  const { succeeded } = await transact(kv, clock, { compare: [fence], ops: [announcement] }, options)
  const named = succeeded ? await namedObjects(context, options) : null
  if (named === null) return
  for (const key of candidates) {
    const isHeader = key.startsWith(objectKeys.walHeaderPrefix) && objectKeys.sequenceOfHeader(key) !== null
    if (!isHeader && !named.has(key)) await objects.delete(key, options)
  }
}

/** null while the snapshots in use are not known for sure. */
async function namedObjects(context: DataManagerContext, options: CallOptions): Promise<ReadonlySet<string> | null> {
  const { objectKeys } = context
  const position = await readPosition(context, options)
  const needed = await findNeeded(context, options)
  if (position === null || needed === null) return null
  const named = new Set(needed.fileKeys)
  for (const { dataSequence } of needed.statuses) named.add(objectKeys.status(dataSequence))
  for await (const { dataFileId } of walsAfter(context, '', position.revision, options))
    named.add(objectKeys.walData(dataFileId))
  const headers = await sequencesIn(
    context,
    objectKeys.walHeaderPrefix,
    (key) => objectKeys.sequenceOfHeader(key),
    options,
  )
  for (const sequence of headers) {
    const header = await findHeader(context, sequence, options)
    if (header !== null) named.add(objectKeys.walData(header.dataFileId))
  }
  return named
}

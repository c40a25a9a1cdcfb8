import { AgolaError, messageOf } from '../model/errors.ts'
import type { CallOptions } from '../ports/call-options.ts'
import type { Compare, Op } from '../ports/key-value-store.ts'
import type { DataManagerContext } from './context.ts'
import { type DataFile, type DataStatus, encodePointer } from './data-status.ts'
import { EntrySorter } from './entry-sorter.ts'
import { FileBuilder } from './file-builder.ts'
import { indexEntriesOf } from './index-entries.ts'
import { newestEpoch } from './object-history.ts'
import { readExport } from './read-export.ts'
import { readPosition } from './read-wals.ts'
import { epochOf, type Sequence } from './sequence.ts'
import { syncWals } from './sync.ts'
import { takeEpoch } from './take-sequence.ts'
import { transact, unchanged } from './transact.ts'
import { encodeWal, encodeWalsData } from './wal.ts'

export interface ImportOptions extends CallOptions {
  /** More conditions, and more changes of the key-value store, of the transaction that switches. `concurrentUpdate` when a condition fails. */
  compare?: Compare[]
  ops?: Op[]
}

/** Replaces all data by that of an export (spec/storage.md 13.5, rule 11). Everything is read, checked and written aside first; then one
 *  transaction switches to it. Until then, and after any failure, the old data is untouched; `outcomeUnknown` says that the switch is done. */
export async function importData(
  context: DataManagerContext,
  fence: Compare,
  chunks: AsyncIterable<Uint8Array>,
  { compare: conditions = [], ops: changes = [], ...options }: ImportOptions,
): Promise<void> {
  const { kv, clock, storeKeys, random, store } = context
  await syncWals(context, options)
  const position = await readPosition(context, options)
  if (position === null) throw new AgolaError('notReady', 'the data manager is not initialised; open it again')
  const seen = Math.max(await newestEpoch(context, options), epochOf(position.lastWal))
  const sequence = await takeEpoch(context, seen, options)
  const status = await writeFiles(context, sequence, chunks, options)
  await store.writeStatus(status, options)
  const wal = {
    sequence,
    previous: position.lastWal,
    dataFileId: random.uuid(),
    resetTo: sequence,
    inline: new Uint8Array(),
  }
  const ops: Op[] = [
    { type: 'put', key: storeKeys.walsData, value: encodeWalsData({ lastWal: sequence, generation: random.uuid() }) },
    { type: 'put', key: storeKeys.wal(sequence), value: encodeWal(wal) },
    { type: 'put', key: storeKeys.pointer, value: encodePointer(status) },
    ...changes,
  ]
  const compare = [unchanged(storeKeys.walsData, position.value), fence, ...conditions]
  const { succeeded, wasUnknown } = await transact(kv, clock, { compare, ops }, options)
  const isOurs = succeeded || (wasUnknown && (await readPosition(context, options))?.lastWal === sequence)
  if (!isOurs) {
    throw new AgolaError(
      'concurrentUpdate',
      'data was written during the import: stop all writers and import again; nothing was changed',
    )
  }
  // Whatever fails here, the import is done: to say that the old data stayed would be wrong.
  try {
    await syncWals(context, options)
  } catch (error) {
    const message = `the import is done, but whether object storage has it is unknown (${messageOf(error)}): it follows with the next sync`
    throw new AgolaError('outcomeUnknown', message, { cause: error })
  }
}

async function writeFiles(
  context: DataManagerContext,
  dataSequence: Sequence,
  chunks: AsyncIterable<Uint8Array>,
  options: CallOptions,
): Promise<DataStatus> {
  const { dataTypes } = context
  const status: DataStatus = { dataSequence, walSequence: dataSequence, files: new Map(), indexes: new Map() }
  const sorters = new Map<string, EntrySorter>()
  const byName = new Map(dataTypes.map((dataType) => [dataType.name, dataType]))
  let builder: FileBuilder | null = null
  let current = ''
  for await (const { dataType, id, data } of readExport(chunks, new Set(byName.keys()))) {
    if (dataType !== current || builder === null) {
      await builder?.flush()
      const next = fileBuilder(context, dataSequence, dataType, options)
      status.files.set(dataType, next.files)
      builder = next.builder
      current = dataType
    }
    await builder.add({ id, data, owner: '' })
    for (const index of byName.get(dataType)?.indexes ?? []) {
      const sorter = sorters.get(index.name) ?? new EntrySorter(context, index.name, dataSequence, options)
      sorters.set(index.name, sorter)
      for (const entry of indexEntriesOf(index, id, data, context.log)) {
        await sorter.add({ id: entry.key, data: entry.data, owner: id })
      }
    }
  }
  await builder?.flush()
  for (const dataType of dataTypes) {
    for (const { name, version } of dataType.indexes ?? []) {
      const index = fileBuilder(context, dataSequence, name, options)
      for await (const entry of sorters.get(name)?.sorted() ?? []) await index.builder.add(entry)
      await index.builder.flush()
      status.indexes.set(name, { version, files: index.files })
    }
  }
  return status
}

function fileBuilder(
  { store, fileBytesMax }: DataManagerContext,
  maker: Sequence,
  set: string,
  options: CallOptions,
): { builder: FileBuilder; files: DataFile[] } {
  const files: DataFile[] = []
  const builder = new FileBuilder(set, fileBytesMax, async (file) => {
    files.push(await store.write(set, maker, file, options))
  })
  return { builder, files }
}

import { isSequence, type Sequence } from './sequence.ts'
import { damaged, StoredRecord } from './stored-json.ts'

/** A committed batch of actions. It never changes: what has become of it follows from the two watermarks (last wal in object storage,
 *  last wal in the snapshot), so that no state has to be written into each entry. */
export interface Wal {
  sequence: Sequence
  /** '' for the first of all. */
  previous: Sequence
  /** Unique for every attempt to commit: tells our own wal from another's. */
  dataFileId: string
  /** Set when the data was replaced as a whole by an import: the snapshot that this wal begins with. */
  resetTo: Sequence
  /** Encoded actions, or null when they lie in object storage from the beginning. */
  inline: Uint8Array | null
}

export const inlineBytesMax = 256 * 1024

/** A line of JSON, then the actions when they are inline. */
export function encodeWal({ inline, ...wal }: Wal): Uint8Array {
  const line = `${JSON.stringify({ ...headerOf(wal), WalSequence: wal.sequence })}\n`
  return inline === null ? Buffer.from(line.trimEnd()) : Buffer.concat([Buffer.from(line), inline])
}

export function decodeWal(value: Uint8Array, what: string): Wal {
  const lineEnd = value.indexOf(10)
  const record = StoredRecord.parse(lineEnd < 0 ? value : value.subarray(0, lineEnd), what)
  return {
    ...readHeader(record),
    sequence: readSequence(record, 'WalSequence', what),
    inline: lineEnd < 0 ? null : value.subarray(lineEnd + 1),
  }
}

/** What object storage holds about a wal beside its data. */
export type WalHeader = Pick<Wal, 'previous' | 'dataFileId' | 'resetTo'>

export function encodeHeader(header: WalHeader): Uint8Array {
  return Buffer.from(JSON.stringify(headerOf(header)))
}

export function decodeHeader(bytes: Uint8Array, what: string): WalHeader {
  return readHeader(StoredRecord.parse(bytes, what))
}

/** Where the history stands: the one value that all writers compare and replace. */
export interface WalsData {
  lastWal: Sequence
  /** Random; another one after the key-value store was lost or the data was replaced. What was remembered of another generation, views and
   *  tokens, is worthless (spec/storage.md 13.5, rule 15). */
  generation: string
}

export function encodeWalsData({ lastWal, generation }: WalsData): Uint8Array {
  return Buffer.from(JSON.stringify({ LastCommittedWalSequence: lastWal, Generation: generation }))
}

export function decodeWalsData(value: Uint8Array): WalsData {
  const what = 'the position of the last write'
  const record = StoredRecord.parse(value, what)
  return { lastWal: readSequence(record, 'LastCommittedWalSequence', what), generation: record.text('Generation', '') }
}

function headerOf({ previous, dataFileId, resetTo }: WalHeader): Record<string, string> {
  const header = { WalDataFileID: dataFileId, PreviousWalSequence: previous }
  return resetTo === '' ? header : { ...header, ResetToDataSequence: resetTo }
}

function readHeader(record: StoredRecord): WalHeader {
  return {
    dataFileId: record.text('WalDataFileID'),
    previous: record.text('PreviousWalSequence', ''),
    resetTo: record.text('ResetToDataSequence', ''),
  }
}

export function readSequence(record: StoredRecord, name: string, what: string): Sequence {
  const text = record.text(name)
  if (!isSequence(text)) throw damaged(what, `${name} is no sequence`)
  return text
}

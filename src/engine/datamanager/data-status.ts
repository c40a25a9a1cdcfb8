import { isSequence, type Sequence } from './sequence.ts'
import { damaged, StoredRecord } from './stored-json.ts'
import { readSequence } from './wal.ts'

/** The manifest of one snapshot: which data files hold the entries of each type, in order (spec/storage.md 5.1). */
export interface DataStatus {
  dataSequence: Sequence
  /** The last wal contained. '' in snapshots that an older program imported. */
  walSequence: Sequence
  /** By data type. */
  files: Map<string, DataFile[]>
  /** By name of the index; made from the entries, and made again when its version has changed. */
  indexes: Map<string, { version: number; files: DataFile[] }>
}

export interface DataFile {
  /** `<data sequence of its maker>-<uuid>`. */
  id: string
  lastId: string
  /** 0 when an older program did not record it. */
  sizeBytes: number
}

/** What readers follow: published by one transaction. */
export interface SnapshotPointer {
  dataSequence: Sequence
  walSequence: Sequence
}

export function encodeStatus(status: DataStatus): Uint8Array {
  const indexes = [...status.indexes].map(([name, { version, files }]) => [
    name,
    { version, files: files.map(fileRecord) },
  ])
  return Buffer.from(
    JSON.stringify({
      data_sequence: status.dataSequence,
      wal_sequence: status.walSequence,
      files: Object.fromEntries([...status.files].map(([type, files]) => [type, files.map(fileRecord)])),
      indexes: Object.fromEntries(indexes),
    }),
  )
}

export function decodeStatus(bytes: Uint8Array, what: string): DataStatus {
  const record = StoredRecord.parse(bytes, what)
  const walSequence = record.text('wal_sequence', '')
  if (walSequence !== '' && !isSequence(walSequence)) throw damaged(what, 'wal_sequence is no sequence')
  const files = new StoredRecord(Object.fromEntries(record.entries('files')), what)
  return {
    dataSequence: readSequence(record, 'data_sequence', what),
    walSequence,
    files: new Map(record.entries('files').map(([type]) => [type, files.list(type).map(readFile)])),
    indexes: new Map(
      record.entries('indexes').map(([name, value]) => [name, readIndex(new StoredRecord(value, what))]),
    ),
  }
}

export function encodePointer({ dataSequence, walSequence }: SnapshotPointer): Uint8Array {
  return Buffer.from(JSON.stringify({ data_sequence: dataSequence, wal_sequence: walSequence }))
}

export function decodePointer(value: Uint8Array): SnapshotPointer {
  const what = 'the snapshot pointer'
  const record = StoredRecord.parse(value, what)
  return {
    dataSequence: readSequence(record, 'data_sequence', what),
    walSequence: readSequence(record, 'wal_sequence', what),
  }
}

function fileRecord({ id, lastId, sizeBytes }: DataFile): Record<string, unknown> {
  return { id, last_entry_id: lastId, size: sizeBytes }
}

function readFile(record: StoredRecord): DataFile {
  return { id: record.text('id'), lastId: record.text('last_entry_id'), sizeBytes: record.number('size', 0) }
}

function readIndex(record: StoredRecord): { version: number; files: DataFile[] } {
  return { version: record.number('version'), files: record.list('files').map(readFile) }
}

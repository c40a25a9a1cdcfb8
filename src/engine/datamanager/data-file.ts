import { StoredRecord, splitDocuments } from './stored-json.ts'

/** An entry in a data file. `owner` is set in index files only. */
export interface StoredEntry {
  id: string
  data: Uint8Array
  owner: string
}

/** A run of lines of a data file that is read as a whole: its bounds are all that an index file holds. */
export interface Block {
  firstId: string
  lastId: string
  offset: number
  length: number
}

export interface FileIndex {
  blocks: Block[]
  /** False for files of older programs, whose documents may stand on one line. */
  inLines: boolean
}

/** One JSON document a line, the same form as in an export. */
export function encodeEntry(set: string, { id, data, owner }: StoredEntry): Buffer {
  const own = owner === '' ? {} : { owner }
  return Buffer.from(`${JSON.stringify({ id, data_type: set, ...own, data: Buffer.from(data).toString('base64') })}\n`)
}

export function decodeEntries(bytes: Uint8Array, what: string): StoredEntry[] {
  const text = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString()
  return splitDocuments(text).map((document) => {
    const record = StoredRecord.parse(document, what)
    return {
      id: record.text('id'),
      owner: record.text('owner', ''),
      data: Buffer.from(record.text('data', ''), 'base64'),
    }
  })
}

export function encodeIndex(blocks: readonly Block[]): Uint8Array {
  const records = blocks.map(({ firstId, lastId, offset, length }) => ({
    first_entry_id: firstId,
    last_entry_id: lastId,
    offset,
    length,
  }))
  return Buffer.from(JSON.stringify({ blocks: records }))
}

/** `sizeBytes` of the data file ends the last entry of an old index, which knows only where entries begin. */
export function decodeIndex(bytes: Uint8Array, sizeBytes: number, what: string): FileIndex {
  const record = StoredRecord.parse(bytes, what)
  if (!record.has('index')) return { blocks: record.list('blocks').map(readBlock), inLines: true }
  const offsets = new StoredRecord(Object.fromEntries(record.entries('index')), what)
  const starts = record.entries('index').map(([id]) => ({ id, offset: offsets.number(id) }))
  starts.sort((a, b) => a.offset - b.offset)
  const blocks = starts.map(({ id, offset }, at) => {
    const end = starts[at + 1]?.offset ?? sizeBytes
    return { firstId: id, lastId: id, offset, length: end - offset }
  })
  return { blocks, inLines: false }
}

function readBlock(record: StoredRecord): Block {
  return {
    firstId: record.text('first_entry_id'),
    lastId: record.text('last_entry_id'),
    offset: record.number('offset'),
    length: record.number('length'),
  }
}

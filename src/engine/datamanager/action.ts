import { damaged, StoredRecord, splitDocuments } from './stored-json.ts'

/** One change of the data: an entry is named by its data type and id. */
export type Action = PutAction | { type: 'delete'; dataType: string; id: string }

export interface PutAction {
  type: 'put'
  dataType: string
  id: string
  data: Uint8Array
}

/** The form of wal data: a JSON document a line (spec/storage.md 5.1). */
export function encodeActions(actions: readonly Action[]): Uint8Array {
  return Buffer.from(actions.map(encodeAction).join(''))
}

export function decodeActions(bytes: Uint8Array, what: string): Action[] {
  return splitDocuments(Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString()).map((document) => {
    const record = StoredRecord.parse(document, what)
    const type = record.text('ActionType')
    const dataType = record.text('DataType')
    const id = record.text('ID')
    if (type === 'delete') return { type, dataType, id }
    if (type !== 'put') throw damaged(what, `it has the unknown action "${type}"`)
    return { type, dataType, id, data: Buffer.from(record.text('Data', ''), 'base64') }
  })
}

function encodeAction(action: Action): string {
  const { type, dataType, id } = action
  const data = action.type === 'put' ? { Data: Buffer.from(action.data).toString('base64') } : {}
  return `${JSON.stringify({ ActionType: type, DataType: dataType, ID: id, ...data })}\n`
}

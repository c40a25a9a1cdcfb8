import { AgolaError } from '../model/errors.ts'
import { compareBytes } from '../std/byte-order.ts'
import { findIdProblem } from './entry-id.ts'
import { exportFormat } from './export-data.ts'
import { StoredRecord, splitDocuments } from './stored-json.ts'

const lineBytesMax = 256 * 1024 * 1024

export interface ExportedEntry {
  dataType: string
  id: string
  data: Uint8Array
}

/** The entries of an export, checked while they are read: known types, each in one group, ids strictly ascending, none missing at the end.
 *  `importInvalid` names the line. Exports of older programs have neither the first nor the last line. */
export async function* readExport(
  chunks: AsyncIterable<Uint8Array>,
  dataTypes: ReadonlySet<string>,
): AsyncGenerator<ExportedEntry, void, undefined> {
  const groups = new EntryGroups(dataTypes)
  let hasFormat = false
  let isComplete = false
  let line = 0
  for await (const document of documentsOf(chunks)) {
    line++
    const record = parse(document, line)
    if (isComplete) throw invalid(line, 'there is more after the line that ends the export')
    if (line === 1 && record.has('agola_export')) {
      hasFormat = true
      const format = record.number('agola_export')
      if (format !== exportFormat)
        throw invalid(line, `this is format ${format}, known is ${exportFormat}: use a newer program`)
    } else if (hasFormat && record.has('entries')) {
      isComplete = true
      const count = record.number('entries')
      if (count !== groups.count)
        throw invalid(line, `the export had ${count} entries, of which ${groups.count} are here`)
    } else {
      yield groups.check(record, line)
    }
  }
  if (line === 0) throw invalid(1, 'it is empty')
  if (hasFormat && !isComplete) throw invalid(line, 'the export ends before its last line: it was cut off')
}

class EntryGroups {
  readonly #dataTypes: ReadonlySet<string>
  readonly #seen = new Set<string>()
  #dataType = ''
  #lastId: string | null = null
  count = 0

  constructor(dataTypes: ReadonlySet<string>) {
    this.#dataTypes = dataTypes
  }

  check(record: StoredRecord, line: number): ExportedEntry {
    const { dataType, id, data } = fieldsOf(record, line)
    if (!this.#dataTypes.has(dataType)) throw invalid(line, `the data type "${dataType}" is not known here`)
    if (dataType !== this.#dataType) {
      if (this.#seen.has(dataType)) throw invalid(line, `the data type "${dataType}" comes a second time`)
      this.#seen.add(dataType)
      this.#dataType = dataType
      this.#lastId = null
    }
    if (this.#lastId !== null && compareBytes(id, this.#lastId) <= 0) {
      throw invalid(line, `the id "${id}" comes after "${this.#lastId}"; ids must ascend`)
    }
    const problem = findIdProblem(id)
    if (problem !== null) throw invalid(line, problem)
    this.#lastId = id
    this.count++
    return { dataType, id, data: decode(data, line) }
  }
}

function fieldsOf(record: StoredRecord, line: number): { dataType: string; id: string; data: string } {
  try {
    return { dataType: record.text('data_type'), id: record.text('id'), data: record.text('data') }
  } catch (error) {
    throw invalid(line, 'it is no entry: it needs the texts data_type, id and data', error)
  }
}

/** Node's decoder passes over what is no base64; an entry must not be imported as a part of itself. */
function decode(data: string, line: number): Buffer {
  const bytes = Buffer.from(data, 'base64')
  if (bytes.toString('base64') === data) return bytes
  throw invalid(line, 'its data is not valid base64')
}

function parse(document: string, line: number): StoredRecord {
  try {
    return StoredRecord.parse(document, 'the import')
  } catch (error) {
    throw invalid(line, 'it is no JSON object; was the file cut off?', error)
  }
}

async function* documentsOf(chunks: AsyncIterable<Uint8Array>): AsyncGenerator<string> {
  let rest: Buffer[] = []
  let restBytes = 0
  for await (const chunk of chunks) {
    const lineEnd = chunk.lastIndexOf(10)
    restBytes += chunk.length
    if (restBytes > lineBytesMax) throw new AgolaError('importInvalid', 'the import has a line of more than 256 MiB')
    if (lineEnd < 0) {
      rest.push(Buffer.from(chunk))
      continue
    }
    yield* splitDocuments(Buffer.concat([...rest, chunk.subarray(0, lineEnd + 1)]).toString())
    rest = [Buffer.from(chunk.subarray(lineEnd + 1))]
    restBytes = chunk.length - lineEnd - 1
  }
  yield* splitDocuments(Buffer.concat(rest).toString())
}

function invalid(line: number, problem: string, cause?: unknown): AgolaError {
  const message = `line ${line} of the import cannot be used: ${problem}. Nothing was changed`
  return new AgolaError('importInvalid', message, { details: { line }, cause })
}

import { createHash } from 'node:crypto'
import type { DataType, IndexEntry } from '../datamanager/data-type.ts'
import type { RunId } from '../model/ids.ts'
import type { Run } from '../model/run.ts'
import type { RunQuery, RunSummary } from '../ports/run-service.ts'
import { rootOf } from './run-group.ts'
import { summaryOf } from './run-summary.ts'

/** The index by which archived runs are listed and found without being loaded (spec/storage.md 13.5, rule 12). Each run is in it under
 *  all runs, under its root group and under its full group, by sequence, and by its number. */
export const runIndex = 'run-index'

/** What the data manager of the runservice holds, in the order of an export. */
export const runDataTypes: readonly DataType[] = [
  { name: 'runconfig' },
  {
    name: 'run',
    indexes: [{ name: runIndex, version: 1, entriesOf: (id, data) => indexEntries(id, decodeRunData(data)) }],
  },
]

export function decodeRunData(data: Uint8Array): Run {
  return JSON.parse(Buffer.from(data).toString()) as Run
}

export function decodeSummary(data: Uint8Array): RunSummary {
  return JSON.parse(Buffer.from(data).toString()) as RunSummary
}

/** Start of the key under which the run of this number stands alone. */
export function numberPrefix(root: string, counter: number): string {
  return `number/${hashed(root)}/${padded(counter)}/`
}

/** The part of the index that holds all runs of the group, and as few others as it can. */
export function listPrefix(group: string | undefined): string {
  const elements = (group ?? '').split('/').filter((element) => element !== '')
  if (elements.length < 2) return 'all/'
  return `group/${hashed(groupOf(elements, elements.length < 4 ? 2 : 4))}/`
}

/** Where in a part of the index a list goes on. */
export function afterKey(prefix: string, { after, ascending }: RunQuery): string | undefined {
  if (after === undefined) return undefined
  // Behind every id of that sequence, which is of hexadecimal digits and dashes; or before them all.
  return `${prefix}${padded(after)}/${ascending === true ? '~' : ''}`
}

function indexEntries(id: RunId, run: Run): IndexEntry[] {
  const data = Buffer.from(JSON.stringify(summaryOf(run)))
  const elements = run.group.split('/').filter((element) => element !== '')
  const prefixes = new Set(['all/', ...[2, 4].map((count) => listPrefix(groupOf(elements, count)))])
  return [
    ...[...prefixes].map((prefix) => ({ key: `${prefix}${padded(run.sequence)}/${id}`, data })),
    { key: `${numberPrefix(rootOf(run.group), run.counter)}${id}`, data: new Uint8Array() },
  ]
}

function groupOf(elements: readonly string[], count: number): string {
  return `/${elements.slice(0, count).join('/')}`
}

// Groups may be longer than a key.
function hashed(text: string): string {
  return createHash('sha256').update(text).digest('hex').slice(0, 32)
}

function padded(number: number): string {
  return number.toString().padStart(16, '0')
}

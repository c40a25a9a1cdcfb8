import { AgolaError, hasCode } from '../model/errors.ts'
import type { CallOptions } from '../ports/call-options.ts'
import type { ObjectInfo } from '../ports/object-storage.ts'
import type { DataManagerContext } from './context.ts'
import type { DataStatus } from './data-status.ts'
import { follows } from './read-wals.ts'
import { epochOf, type Sequence, sequenceOf } from './sequence.ts'
import { damaged } from './stored-json.ts'
import { decodeHeader, type WalHeader } from './wal.ts'

export interface StoredWal extends WalHeader {
  sequence: Sequence
}

/** What object storage knows of the data, read without the key-value store. */
export interface ObjectHistory {
  /** The newest complete snapshot; null when there is none. */
  status: DataStatus | null
  /** The wals after it, without a gap. */
  wals: StoredWal[]
  /** The largest epoch seen anywhere; 0 in an empty store. */
  epoch: number
}

/** Reads the history back (spec/storage.md 5.11). `noDataStatus` when there are wals whose snapshot is missing, `storeUnusable` naming both
 *  neighbours when a wal in the middle is. Writes nothing. */
export async function readHistory(context: DataManagerContext, options: CallOptions): Promise<ObjectHistory> {
  const { headers, statuses } = await allSequences(context, options)
  const status = await newestStatus(context, statuses, new Set(headers), options)
  const start = startOf(status)
  const wals: StoredWal[] = []
  let last = start
  for (const sequence of headers.filter((sequence) => sequence > start)) {
    const wal = { ...(await readHeader(context, sequence, options)), sequence }
    const isFirstOfImport = wals.length === 0 && status?.walSequence === ''
    if (!follows(wal, last) && !isFirstOfImport) throw gap(wal, last, status)
    if (wal.resetTo !== '') throw missingImport(wal)
    wals.push(wal)
    last = sequence
  }
  return { status, wals, epoch: epochOfAll(headers, statuses) }
}

/** The largest epoch that object storage has seen; 0 when it is empty. */
export async function newestEpoch(context: DataManagerContext, options: CallOptions): Promise<number> {
  const { headers, statuses } = await allSequences(context, options)
  return epochOfAll(headers, statuses)
}

function epochOfAll(headers: readonly Sequence[], statuses: readonly Sequence[]): number {
  // Both are in order.
  return Math.max(0, ...[headers.at(-1), statuses.at(-1)].map((last) => (last === undefined ? 0 : epochOf(last))))
}

async function allSequences(
  context: DataManagerContext,
  options: CallOptions,
): Promise<{ headers: Sequence[]; statuses: Sequence[] }> {
  const { objectKeys } = context
  const { walHeaderPrefix, dataPrefix } = objectKeys
  const headers = await sequencesIn(context, walHeaderPrefix, (key) => objectKeys.sequenceOfHeader(key), options)
  const statuses = await sequencesIn(context, dataPrefix, (key) => objectKeys.sequenceOfStatus(key), options)
  return { headers, statuses }
}

/** Old imports name no wal: what counts began with their epoch, and older wals must not be replayed over them. */
function startOf(status: DataStatus | null): Sequence {
  if (status === null) return ''
  return status.walSequence === '' ? sequenceOf(epochOf(status.dataSequence), 0) : status.walSequence
}

/** null when the wal is gone: a former leader that does not know yet that it leads no more may be cleaning too. */
export async function findHeader(
  context: DataManagerContext,
  sequence: Sequence,
  options: CallOptions,
): Promise<WalHeader | null> {
  try {
    return await readHeader(context, sequence, options)
  } catch (error) {
    if (hasCode(error, 'objectDoesNotExist')) return null
    throw error
  }
}

async function readHeader(context: DataManagerContext, sequence: Sequence, options: CallOptions): Promise<WalHeader> {
  const key = context.objectKeys.walHeader(sequence)
  const chunks: Buffer[] = []
  for await (const chunk of await context.objects.get(key, options)) chunks.push(chunk)
  return decodeHeader(Buffer.concat(chunks), key)
}

/** In order. */
export async function sequencesIn(
  { objects }: DataManagerContext,
  prefix: string,
  parse: (key: string) => Sequence | null,
  options: CallOptions,
): Promise<Sequence[]> {
  const sequences: Sequence[] = []
  const listed: AsyncIterable<ObjectInfo> = objects.list({ prefix }, options)
  for await (const { key } of listed) {
    const sequence = parse(key)
    if (sequence !== null) sequences.push(sequence)
  }
  return sequences
}

/** The complete one with the largest wal. A snapshot whose last wal never came to object storage was never the truth: its maker died
 *  between writing and publishing it. Those of old imports name no wal. */
async function newestStatus(
  context: DataManagerContext,
  statuses: readonly Sequence[],
  headers: ReadonlySet<Sequence>,
  options: CallOptions,
): Promise<DataStatus | null> {
  let newest: DataStatus | null = null
  let broken: unknown
  for (const sequence of statuses.toReversed()) {
    const status = await context.store.readStatus(sequence, options).catch((error: unknown) => {
      if (!hasCode(error, 'storeUnusable')) throw error
      broken = error
      return null
    })
    if (status === null || (status.walSequence !== '' && !headers.has(status.walSequence))) continue
    if (newest !== null && status.walSequence <= newest.walSequence) continue
    if (await context.store.isComplete(status, options)) newest = status
    else broken ??= damaged(`the snapshot ${sequence}`, 'files are missing')
  }
  if (newest === null && broken !== undefined) throw broken
  return newest
}

function gap(wal: StoredWal, last: Sequence, status: DataStatus | null): AgolaError {
  const details = { walSequence: wal.sequence, previousWalSequence: wal.previous, lastWalSequence: last }
  if (last === '' && status === null) {
    const message = `no snapshot is left that the wal ${wal.sequence} could follow: it needs all before it, up to ${wal.previous}`
    return new AgolaError('noDataStatus', message, { details })
  }
  const message = `a wal is missing in object storage: ${wal.sequence} follows ${wal.previous}, but the one before it is ${last}`
  return new AgolaError('storeUnusable', message, { details })
}

function missingImport(wal: StoredWal): AgolaError {
  const message = `the imported snapshot ${wal.resetTo} is missing or incomplete: restore its files, or import again into an empty store`
  return new AgolaError('storeUnusable', message, { details: { dataSequence: wal.resetTo } })
}

import { createHash } from 'node:crypto'
import { AgolaError } from '../model/errors.ts'
import type { CallOptions } from '../ports/call-options.ts'
import type { Compare, Entry, Op } from '../ports/key-value-store.ts'
import type { DataManagerContext } from './context.ts'
import { decodeWalsData } from './wal.ts'

const groupNamesMax = 64

/** States that nothing of these groups has changed since it was taken; a write that carries it fails otherwise. Plain data.
 *  Names are hashed to one of 4096 keys (spec/storage.md 13.5, rule 10): two names may conflict falsely, which a retry heals. */
export interface ChangeGroupToken {
  /** Of the history it was taken in; null before there is one. */
  generation: string | null
  /** Revision by hashed key; '0' when the group was never used. */
  groups: Record<string, string>
}

export async function takeToken(
  { kv, storeKeys }: DataManagerContext,
  names: readonly string[],
  options: CallOptions,
): Promise<ChangeGroupToken> {
  const keys = groupKeysOf(storeKeys.changeGroupPrefix, names)
  const { gets } = await kv.txn(
    { then: [...keys, storeKeys.walsData].map((key): Op => ({ type: 'get', key })) },
    options,
  )
  const position = gets[keys.length] ?? null
  const generation = position === null ? null : decodeWalsData(position.value).generation
  return { generation, groups: Object.fromEntries(keys.map((key, at) => [key, revisionOf(gets[at] ?? null)])) }
}

export function tokenAfter(token: ChangeGroupToken, revision: bigint): ChangeGroupToken {
  const groups = Object.keys(token.groups).map((key) => [key, String(revision)])
  return { generation: token.generation, groups: Object.fromEntries(groups) }
}

export function comparesOf(token: ChangeGroupToken): Compare[] {
  return Object.entries(token.groups).map(([key, revision]) => {
    return { key, target: 'modRevision', operator: '=', value: BigInt(revision) }
  })
}

/** Whether the token still holds, judged by entries read since. */
export function isCurrent(token: ChangeGroupToken, entries: ReadonlyMap<string, Entry | null>): boolean {
  return Object.entries(token.groups).every(([key, revision]) => revisionOf(entries.get(key) ?? null) === revision)
}

export function changeGroupUpdated(): AgolaError {
  return new AgolaError(
    'changeGroupUpdated',
    'somebody else has changed the same data meanwhile: read it again and decide again',
  )
}

function groupKeysOf(prefix: string, names: readonly string[]): string[] {
  if (names.length > groupNamesMax) {
    throw new AgolaError('tooLarge', `a write names at most ${groupNamesMax} change groups, not ${names.length}`)
  }
  const hashes = names.map((name) => createHash('sha256').update(name).digest('hex').slice(0, 3))
  return [...new Set(hashes)].sort().map((hash) => prefix + hash)
}

function revisionOf(entry: Entry | null): string {
  return String(entry?.modRevision ?? 0n)
}

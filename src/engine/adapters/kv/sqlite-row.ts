import type { SQLOutputValue } from 'node:sqlite'
import { AgolaError } from '../../model/errors.ts'
import type { Entry } from '../../ports/key-value-store.ts'

export type Row = Record<string, SQLOutputValue>

/** Revisions fit a double: 2^53 commits take longer than any store lives. */
export function integerOf(row: Row | undefined, column: string): number {
  const value = row?.[column]
  return typeof value === 'number' ? value : damaged(column)
}

export function revisionOf(row: Row | undefined, column: string): bigint {
  return BigInt(integerOf(row, column))
}

export function textOf(row: Row | undefined, column: string): string {
  const value = row?.[column]
  return typeof value === 'string' ? value : damaged(column)
}

/** What an entry is compared by, its value left out. */
export type Head = Omit<Entry, 'key' | 'value'>

/** A row with the columns create_rev, mod_rev, version and lease. */
export function headOf(row: Row): Head {
  const { lease } = row
  return {
    createRevision: revisionOf(row, 'create_rev'),
    modRevision: revisionOf(row, 'mod_rev'),
    version: integerOf(row, 'version'),
    lease: typeof lease === 'string' ? lease : null,
  }
}

/** A row with the columns key and value too. */
export function entryOf(row: Row): Entry {
  const { value } = row
  return { key: textOf(row, 'key'), value: value instanceof Uint8Array ? value : damaged('value'), ...headOf(row) }
}

/** The first text after every key with this prefix: keys hold nothing beyond `~`. */
export function endOfPrefix(prefix: string): string {
  return `${prefix}\u007f`
}

function damaged(column: string): never {
  throw new AgolaError('storeUnusable', `The store is damaged: column ${column} does not hold what it should.`)
}

import { AgolaError } from '../../model/errors.ts'
import type { ListQuery } from '../../ports/object-storage.ts'
import { compareBytes } from '../../std/byte-order.ts'
import { checkKeyPrefix } from './object-key.ts'

export interface ListFilter {
  prefix: string
  after: string
  recursive: boolean
}

/** Drops one leading slash and checks both strings (spec/storage.md 2.2). `after` is '' when absent. */
export function listFilter(query: ListQuery): ListFilter {
  const prefix = withoutLeadingSlash(query.prefix)
  const after = withoutLeadingSlash(query.after ?? '')
  checkKeyPrefix(prefix)
  if (after !== '' && !after.startsWith(prefix)) {
    throw new AgolaError('objectKeyInvalid', `a list of "${prefix}" cannot continue after "${after}": not in the list`)
  }
  return { prefix, after, recursive: query.recursive ?? false }
}

export function isListed(key: string, { prefix, after, recursive }: ListFilter): boolean {
  if (!key.startsWith(prefix)) return false
  if (after !== '' && compareBytes(key, after) <= 0) return false
  return recursive || !key.includes('/', prefix.length)
}

function withoutLeadingSlash(text: string): string {
  return text.startsWith('/') ? text.slice(1) : text
}

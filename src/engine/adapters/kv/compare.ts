import type { Compare, CompareOperator, Entry } from '../../ports/key-value-store.ts'

/** An entry, or as much of it as the compare needs: only one of the value looks at that. */
type Compared = Pick<Entry, 'createRevision' | 'modRevision' | 'version' | 'lease'> & { value?: Uint8Array }

/** Whether a compare holds for the entry of its key; `null` is an absent key (spec/storage.md 13.2). */
export function holds(compare: Compare, entry: Compared | null): boolean {
  switch (compare.target) {
    case 'value':
      return bytesEqual(entry?.value ?? noBytes, compare.value) === (compare.operator === '=')
    case 'lease':
      return ((entry?.lease ?? null) === compare.value) === (compare.operator === '=')
    case 'version':
      return ordered(entry?.version ?? 0, compare.operator, compare.value)
    default:
      return ordered(entry?.[compare.target] ?? 0n, compare.operator, compare.value)
  }
}

/** Whether it is a compare of the value that holds for an absent key. etcd has no such compares: `toEtcdTxn` says what they cost. */
export function isMetByAbsentKey(compare: Compare): boolean {
  return compare.target === 'value' && holds(compare, null)
}

function ordered<T extends bigint | number>(actual: T, operator: CompareOperator, wanted: T): boolean {
  switch (operator) {
    case '=':
      return actual === wanted
    case '!=':
      return actual !== wanted
    case '<':
      return actual < wanted
    case '>':
      return actual > wanted
  }
}

function bytesEqual(a: Uint8Array, b: Uint8Array): boolean {
  return a.byteLength === b.byteLength && a.every((byte, index) => byte === b[index])
}

const noBytes = new Uint8Array()

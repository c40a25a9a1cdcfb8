import type { Compare, Op, Txn } from '../../ports/key-value-store.ts'

/** The caller may go on using its buffers at once; and a small view of a large buffer must not drag all of it along. */
export function ownCopy({ compare, then, else: otherwise }: Txn): Txn {
  const copy: Txn = { then: then.map(ownOp) }
  if (compare) copy.compare = compare.map(ownCompare)
  if (otherwise) copy.else = otherwise.map(ownOp)
  return copy
}

// Written out, because this is on the path of every write: a spread costs more than the copy of a small value.
function ownOp(op: Op): Op {
  if (op.type !== 'put') return op
  const { type, key, value, lease } = op
  return lease === undefined ? { type, key, value: ownBytes(value) } : { type, key, value: ownBytes(value), lease }
}

function ownCompare(compare: Compare): Compare {
  return compare.target === 'value' ? { ...compare, value: ownBytes(compare.value) } : compare
}

/** Small values lie together in a few kibibytes, which is much cheaper than memory of their own. */
function ownBytes(bytes: Uint8Array): Uint8Array {
  return Buffer.from(bytes)
}

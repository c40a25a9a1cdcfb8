import type { Op, Txn } from '../../ports/key-value-store.ts'

/** The caller may go on using its buffers at once; and a small view of a large buffer must not drag all of it along. */
export function ownCopy(txn: Txn): Txn {
  const copied = (ops: readonly Op[]) =>
    ops.map((op) => (op.type === 'put' ? { ...op, value: new Uint8Array(op.value) } : op))
  const compare = txn.compare?.map((one) =>
    one.target === 'value' ? { ...one, value: new Uint8Array(one.value) } : one,
  )
  return { ...(compare && { compare }), then: copied(txn.then), ...(txn.else && { else: copied(txn.else) }) }
}

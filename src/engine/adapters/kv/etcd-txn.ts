import { AgolaError } from '../../model/errors.ts'
import type { Compare, Entry, Op, Txn } from '../../ports/key-value-store.ts'
import { isMetByAbsentKey } from './compare.ts'
import type { EtcdKeys } from './etcd-keys.ts'
import type { CompareMessage, RequestOp, TxnRequest, TxnResponse } from './etcd-messages.ts'
import { leaseLost } from './store-errors.ts'

/** How etcd is asked for a transaction of the port, and how its answer is read.
 *
 *  etcd fails every compare of the value of an absent key, where the port gives it the empty value. A compare for which that matters is
 *  asked the other way round, in a transaction of its own whose success means failure, with the rest nested in its other branch.
 *  `checkTxn` keeps the levels within what etcd takes: 128 compares or operations in all of them together, and not too deep. */
export function toEtcdTxn(txn: Txn, keys: EtcdKeys): TxnRequest {
  const compare = txn.compare ?? []
  const success = txn.then.map((op) => toOp(op, keys))
  const failure = (txn.else ?? []).map((op) => toOp(op, keys))
  const plain = compare.filter((one) => !isMetByAbsentKey(one)).map((one) => toCompare(one, keys))
  const inverted = compare.filter(isMetByAbsentKey)
  return inverted.reduce<TxnRequest>(
    (inner, one) => ({
      compare: [toCompare(opposite(one), keys)],
      success: failure,
      failure: [{ request_txn: inner }],
    }),
    { compare: plain, success, failure },
  )
}

export function fromEtcdTxn(
  response: TxnResponse,
  txn: Txn,
  keys: EtcdKeys,
): { succeeded: boolean; gets: (Entry | null)[] } {
  let levels = (txn.compare ?? []).filter(isMetByAbsentKey).length
  let level = response
  while (levels > 0 && !level.succeeded) {
    const inner = level.responses[0]?.response_txn
    if (!inner) throw new AgolaError('assertionFailed', 'etcd has not answered a nested transaction.')
    level = inner
    levels--
  }
  const ranges = level.responses.flatMap((one) => (one.response_range ? [one.response_range] : []))
  const gets = ranges.map(({ kvs }) => (kvs[0] ? keys.entry(kvs[0]) : null))
  return { succeeded: levels === 0 && level.succeeded, gets }
}

function opposite(compare: Compare): Compare {
  if (compare.target !== 'value') return compare
  return { ...compare, operator: compare.operator === '=' ? '!=' : '=' }
}

const results = { '=': 'EQUAL', '!=': 'NOT_EQUAL', '<': 'LESS', '>': 'GREATER' } as const

function toCompare(compare: Compare, keys: EtcdKeys): CompareMessage {
  const key = keys.key(compare.key)
  const result = results[compare.operator]
  switch (compare.target) {
    case 'createRevision':
      return { key, result, target: 'CREATE', create_revision: String(compare.value) }
    case 'modRevision':
      return { key, result, target: 'MOD', mod_revision: String(compare.value) }
    case 'version':
      return { key, result, target: 'VERSION', version: String(compare.value) }
    case 'value':
      return { key, result, target: 'VALUE', value: compare.value }
    case 'lease':
      return { key, result, target: 'LEASE', lease: compare.value === null ? '0' : (leaseId(compare.value) ?? '-1') }
  }
}

function toOp(op: Op, keys: EtcdKeys): RequestOp {
  switch (op.type) {
    case 'get':
      return { request_range: { key: keys.key(op.key) } }
    case 'delete':
      return { request_delete_range: { key: keys.key(op.key) } }
    case 'deletePrefix':
      return { request_delete_range: { key: keys.key(op.prefix), range_end: keys.end(op.prefix) } }
    case 'put':
      return {
        request_put: {
          key: keys.key(op.key),
          value: op.value,
          ...(op.lease !== undefined && { lease: knownLease(op.lease) }),
        },
      }
  }
}

function knownLease(lease: string): string {
  const id = leaseId(lease)
  if (id === undefined) throw leaseLost(lease)
  return id
}

/** etcd's leases are positive 64-bit numbers. */
function leaseId(lease: string): string | undefined {
  return /^[1-9]\d{0,18}$/.test(lease) ? lease : undefined
}

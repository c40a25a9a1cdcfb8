import { AgolaError } from '../../model/errors.ts'
import { keyValueLimits, type Op, type RangeQuery, type Txn } from '../../ports/key-value-store.ts'
import { isMetByAbsentKey } from './compare.ts'

/** The rules of a request that hold for every implementation (spec/storage.md 13.2), checked before anything is sent or queued,
 *  so that no implementation is more liberal than another. */

const none: never[] = []
const absentCompares = 'compares of values that an absent key meets, times the operations of its other branch'
const printableAscii = /^[\x20-\x7e]*$/

export function checkKey(key: string): void {
  if (key === '') throw invalid('A key must not be empty.', key)
  checkText(key, 'key')
}

export function checkPrefix(prefix: string): void {
  checkText(prefix, 'prefix')
}

export function checkRange(query: RangeQuery): void {
  checkPrefix(query.prefix)
  if (query.after !== undefined) checkText(query.after, 'key to continue after')
  if (query.limit !== undefined && !(Number.isSafeInteger(query.limit) && query.limit > 0)) {
    throw new AgolaError('assertionFailed', `The limit of a range must be a positive integer, not ${query.limit}.`)
  }
}

export function checkTtl(ttlMs: number): void {
  if (!(Number.isFinite(ttlMs) && ttlMs > 0)) {
    throw new AgolaError('assertionFailed', `The time to live of a lease must be positive, not ${ttlMs} ms.`)
  }
}

export function checkTxn(txn: Txn): void {
  const { compare = none, then, else: otherwise = none } = txn
  checkCount(compare.length, keyValueLimits.txnComparesMax, 'compares')
  checkCount(then.length, keyValueLimits.txnOpsMax, 'operations')
  checkCount(otherwise.length, keyValueLimits.txnOpsMax, 'operations')
  for (const one of compare) checkKey(one.key)
  checkBranch(then)
  checkBranch(otherwise)
  const levels = compare.filter(isMetByAbsentKey).length
  checkCount(levels * Math.max(otherwise.length, 1), keyValueLimits.txnAbsentComparesMax, absentCompares)
  checkValueBytes(txn, levels)
}

function checkText(text: string, what: string): void {
  if (text.startsWith('/')) throw invalid(`A ${what} must not start with "/".`, text)
  if (!printableAscii.test(text)) throw invalid(`A ${what} holds printable ASCII only.`, text)
  if (text.length > keyValueLimits.keyBytesMax) {
    throw invalid(`A ${what} has at most ${keyValueLimits.keyBytesMax} bytes, this one has ${text.length}.`, text)
  }
}

function checkCount(count: number, max: number, what: string): void {
  if (count > max) throw new AgolaError('tooLarge', `A transaction has at most ${max} ${what}, not ${count}.`)
}

function checkBranch(ops: readonly Op[]): void {
  if (ops.length === 0) return
  const [only] = ops
  if (ops.length === 1 && only?.type === 'put') {
    checkKey(only.key)
    return
  }
  const keys = new Set<string>()
  const prefixes: string[] = []
  for (const op of ops) {
    if (op.type === 'deletePrefix') {
      checkPrefix(op.prefix)
      prefixes.push(op.prefix)
      continue
    }
    checkKey(op.key)
    if (op.type === 'get') continue
    if (keys.has(op.key)) throw writtenTwice(op.key)
    keys.add(op.key)
  }
  checkPrefixesApart(prefixes, keys)
}

function checkPrefixesApart(prefixes: readonly string[], keys: ReadonlySet<string>): void {
  for (const [index, prefix] of prefixes.entries()) {
    for (const key of keys) if (key.startsWith(prefix)) throw writtenTwice(key)
    const overlaps = (other: string, at: number) => at !== index && other.startsWith(prefix)
    if (prefixes.some(overlaps)) throw writtenTwice(prefix)
  }
}

/** Both branches count, because both are sent, `else` in each level. */
function checkValueBytes({ compare = none, then, else: otherwise = none }: Txn, levels: number): void {
  let bytes = 0
  for (const op of then) if (op.type === 'put') bytes += op.value.byteLength
  for (const op of otherwise) if (op.type === 'put') bytes += op.value.byteLength * (levels + 1)
  for (const one of compare) if (one.target === 'value') bytes += one.value.byteLength
  if (bytes <= keyValueLimits.valueBytesMax) return
  const message = `The values of a transaction have at most ${keyValueLimits.valueBytesMax} bytes together, these have ${bytes}.`
  throw new AgolaError('tooLarge', message, { details: { bytes, bytesMax: keyValueLimits.valueBytesMax } })
}

function writtenTwice(key: string): AgolaError {
  return invalid('A transaction writes a key at most once.', key)
}

function invalid(rule: string, key: string): AgolaError {
  const shown = key.length > 80 ? `${key.slice(0, 80)}…` : key
  return new AgolaError('keyInvalid', `${rule} Got ${JSON.stringify(shown)}.`, { details: { key: shown } })
}

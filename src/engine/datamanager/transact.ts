import { hasCode } from '../model/errors.ts'
import type { CallOptions } from '../ports/call-options.ts'
import type { Clock } from '../ports/clock.ts'
import type { Compare, KeyValueStore, Op, TxnResult } from '../ports/key-value-store.ts'

const unknownMsMax = 30_000
const pauseMs = 50

export interface Transaction {
  compare: Compare[]
  ops: Op[]
  otherwise?: Op[]
}

export interface Outcome extends TxnResult {
  /** An earlier try may have been applied; when this one failed, its own effect may be why. */
  wasUnknown: boolean
}

/** Sends the transaction until its outcome is known (spec/storage.md 13.5, rule 6). It must break its own compares, so that it cannot be
 *  applied twice. Rejects with `outcomeUnknown` when the store stays silent. */
export async function transact(
  kv: KeyValueStore,
  clock: Clock,
  txn: Transaction,
  options: CallOptions = {},
): Promise<Outcome> {
  const started = clock.monotonicMs()
  let unknown: unknown
  for (;;) {
    try {
      const result = await kv.txn({ compare: txn.compare, then: txn.ops, else: txn.otherwise ?? [] }, options)
      return { ...result, wasUnknown: unknown !== undefined }
    } catch (error) {
      if (hasCode(error, 'outcomeUnknown')) unknown = error
      if (unknown === undefined) throw error
      if (options.signal?.aborted || clock.monotonicMs() - started > unknownMsMax) throw unknown
    }
    await clock.sleep(pauseMs, options.signal)
  }
}

/** The compare that an entry still has, or still lacks, the value that was read. */
export function unchanged(key: string, value: Uint8Array | null): Compare {
  if (value === null) return { key, target: 'version', operator: '=', value: 0 }
  return { key, target: 'value', operator: '=', value }
}

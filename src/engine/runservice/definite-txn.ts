import { hasCode } from '../model/errors.ts'
import type { Clock } from '../ports/clock.ts'
import type { KeyValueStore, Txn, TxnResult } from '../ports/key-value-store.ts'
import type { Random } from '../ports/random.ts'

const attemptsMax = 10
const pauseMsMin = 10
const pauseMsMax = 2000

/** Repeats a transaction whose outcome is unknown until there is a definite answer (spec/storage.md 13.5, 6). Its own effect has to
 *  break its compares, so it cannot apply twice; when the answer is that it did not succeed, the caller looks for what it wrote. */
export async function definiteTxn(
  { kv, clock, random }: { kv: KeyValueStore; clock: Clock; random: Random },
  request: Txn,
): Promise<TxnResult> {
  for (let attempt = 1; ; attempt++) {
    try {
      return await kv.txn(request)
    } catch (error) {
      if (!hasCode(error, 'outcomeUnknown') || attempt === attemptsMax) throw error
      await clock.sleep(random.fraction() * Math.min(pauseMsMax, pauseMsMin * 2 ** attempt))
    }
  }
}

import { AgolaError } from '../model/errors.ts'
import type { CallOptions } from '../ports/call-options.ts'
import type { Entry } from '../ports/key-value-store.ts'
import type { DataManagerContext } from './context.ts'
import { epochOf, isSequence, nextSequence, type Sequence, sequenceOf } from './sequence.ts'
import { transact, unchanged } from './transact.ts'

/** A data sequence that nobody else ever uses, so that no manifest is ever written over. */
export function takeSequence(context: DataManagerContext, lastWal: Sequence, options: CallOptions): Promise<Sequence> {
  const epoch = epochOf(lastWal)
  return take(context, options, (last) =>
    last !== null && epochOf(last) >= epoch ? nextSequence(last) : sequenceOf(epoch, 1),
  )
}

/** The first sequence of an epoch that nobody else ever uses. A manifest made under it and never published can therefore name no wal that
 *  somebody else writes: an initialisation after the loss of the key-value store would take it for the truth. */
export function takeEpoch(context: DataManagerContext, seen: number, options: CallOptions): Promise<Sequence> {
  return take(context, options, (last) => {
    const taken = last === null ? 0 : epochOf(last)
    return sequenceOf(epochAfter(context, Math.max(seen, taken)), 1)
  })
}

/** Later than every epoch seen, even when the clock was set back. */
export function epochAfter({ clock }: DataManagerContext, seen: number): number {
  return Math.max(Math.floor(clock.now() / 1000), seen + 1)
}

async function take(
  { kv, storeKeys, clock }: DataManagerContext,
  options: CallOptions,
  after: (last: Sequence | null) => Sequence,
): Promise<Sequence> {
  const key = storeKeys.checkpointSequence
  for (;;) {
    const { entry } = await kv.get(key, options)
    const next = after(lastTaken(entry))
    const ops = [{ type: 'put' as const, key, value: Buffer.from(next) }]
    const outcome = await transact(kv, clock, { compare: [unchanged(key, entry?.value ?? null)], ops }, options)
    // An unknown outcome burns what it took, at worst.
    if (outcome.succeeded) return next
  }
}

function lastTaken(entry: Entry | null): Sequence | null {
  if (entry === null) return null
  const last = Buffer.from(entry.value).toString()
  if (!isSequence(last)) throw new AgolaError('storeUnusable', `${entry.key} holds no sequence`)
  return last
}

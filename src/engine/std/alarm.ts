import type { Clock } from '../ports/clock.ts'

/** Why a wait ended that nobody needs any more. One for all: an error of its own would cost a stack trace each time. */
const cancelled = new Error('not needed any more')

/** Calls once after `ms` by this clock. Gives what takes it back. */
export function alarm(clock: Clock, ms: number, call: () => void): () => void {
  const waiting = new AbortController()
  clock.sleep(ms, waiting.signal).then(call, () => undefined)
  return () => waiting.abort(cancelled)
}

/** What `work` resolves to; null when that takes longer. */
export async function withinTime<T>(work: Promise<T>, clock: Clock, ms: number): Promise<T | null> {
  const late = Promise.withResolvers<null>()
  const cancel = alarm(clock, ms, () => late.resolve(null))
  try {
    return await Promise.race([work, late.promise])
  } finally {
    cancel()
  }
}

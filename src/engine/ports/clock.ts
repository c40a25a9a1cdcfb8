import type { TimeMs } from '../model/ids.ts'

/** Time as an argument. Nothing else in the engine reads a clock or sets a timer. */
export interface Clock {
  /** Wall clock; may jump either way. */
  now(): TimeMs
  /** Milliseconds of a clock that never goes back; only differences mean something. */
  monotonicMs(): number
  /** Resolves after `ms`; rejects with the reason of `signal` when that comes first. Does not keep the process alive by itself. */
  sleep(ms: number, signal?: AbortSignal): Promise<void>
}

import type { Clock } from '../../src/engine/ports/clock.ts'

interface Sleeper {
  at: number
  wake: () => void
}

/** Time that moves only when a test says so. Sleepers wake in order of their time, then in order of their call. */
export class SimClock implements Clock {
  #monotonicMs = 0
  #wallOffsetMs: number
  readonly #sleepers: Sleeper[] = []

  constructor(startMs = Date.UTC(2026, 0, 1)) {
    this.#wallOffsetMs = startMs
  }

  now(): number {
    return this.#wallOffsetMs + this.#monotonicMs
  }

  monotonicMs(): number {
    return this.#monotonicMs
  }

  sleep(ms: number, signal?: AbortSignal): Promise<void> {
    if (signal?.aborted) return Promise.reject(signal.reason)
    const { promise, resolve, reject } = Promise.withResolvers<void>()
    const sleeper = { at: this.#monotonicMs + Math.max(0, ms), wake: resolve }
    const index = this.#sleepers.findIndex((other) => other.at > sleeper.at)
    this.#sleepers.splice(index < 0 ? this.#sleepers.length : index, 0, sleeper)
    const onAbort = () => {
      const at = this.#sleepers.indexOf(sleeper)
      if (at >= 0) this.#sleepers.splice(at, 1)
      reject(signal?.reason)
    }
    signal?.addEventListener('abort', onAbort, { once: true })
    return promise.finally(() => signal?.removeEventListener('abort', onAbort))
  }

  /** Sets the wall clock without moving the monotonic one, as an administrator or a time server does. */
  jumpTo(nowMs: number): void {
    this.#wallOffsetMs = nowMs - this.#monotonicMs
  }

  /** When the next sleeper wants to wake, in monotonic time. */
  nextWakeMs(): number | undefined {
    return this.#sleepers[0]?.at
  }

  /** Passes time, waking each sleeper at its own moment and letting what it does settle before the next. */
  async advance(ms: number): Promise<void> {
    const end = this.#monotonicMs + ms
    for (let next = this.#sleepers[0]; next && next.at <= end; next = this.#sleepers[0]) {
      this.#sleepers.shift()
      this.#monotonicMs = Math.max(this.#monotonicMs, next.at)
      next.wake()
      await settled()
    }
    this.#monotonicMs = end
    await settled()
  }
}

/** Resolves when every promise that could go on without a timer or I/O has gone on. */
export function settled(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve))
}

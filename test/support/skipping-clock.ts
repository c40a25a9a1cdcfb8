import type { Clock } from '../../src/engine/ports/clock.ts'

interface Sleeper {
  at: number
  timer: NodeJS.Timeout
  wake: () => void
}

/** The machine's clock, with parts of the time left out on demand: for tests of code that talks to real threads, files or servers. */
export class SkippingClock implements Clock {
  #skippedMs = 0
  readonly #sleepers = new Set<Sleeper>()

  now(): number {
    return Date.now() + this.#skippedMs
  }

  monotonicMs(): number {
    return performance.now() + this.#skippedMs
  }

  sleep(ms: number, signal?: AbortSignal): Promise<void> {
    if (signal?.aborted) return Promise.reject(signal.reason)
    const { promise, resolve, reject } = Promise.withResolvers<void>()
    const sleeper = { at: this.monotonicMs() + ms, wake: resolve, timer: setTimeout(resolve, ms) }
    sleeper.timer.unref()
    this.#sleepers.add(sleeper)
    const onAbort = () => reject(signal?.reason)
    signal?.addEventListener('abort', onAbort, { once: true })
    return promise.finally(() => {
      clearTimeout(sleeper.timer)
      this.#sleepers.delete(sleeper)
      signal?.removeEventListener('abort', onAbort)
    })
  }

  /** Lets `ms` pass at once: whoever sleeps not longer wakes, the others sleep so much less. */
  skip(ms: number): void {
    this.#skippedMs += ms
    for (const sleeper of this.#sleepers) {
      clearTimeout(sleeper.timer)
      sleeper.timer = setTimeout(sleeper.wake, Math.max(0, sleeper.at - this.monotonicMs()))
      sleeper.timer.unref()
    }
  }
}

/** Lets many wait for the next thing to happen. A wake-up carries nothing: whoever wakes looks at the source again,
 *  so a lost or a needless one does no harm. */
export class Wakeups {
  readonly #waiting = new Set<() => void>()

  get count(): number {
    return this.#waiting.size
  }

  wakeAll(): void {
    if (this.#waiting.size === 0) return
    const waiting = [...this.#waiting]
    this.#waiting.clear()
    for (const wake of waiting) wake()
  }

  /** Resolves at the next wake-up, and when `signal` is aborted. */
  wait(signal?: AbortSignal): Promise<void> {
    if (signal?.aborted) return Promise.resolve()
    const { promise, resolve } = Promise.withResolvers<void>()
    const done = () => {
      this.#waiting.delete(done)
      signal?.removeEventListener('abort', done)
      resolve()
    }
    this.#waiting.add(done)
    signal?.addEventListener('abort', done)
    return promise
  }
}

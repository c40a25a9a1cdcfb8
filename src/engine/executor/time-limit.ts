import type { Clock } from '../ports/clock.ts'

/** Time that work may take; while somebody else is to act it stands still. */
export class TimeLimit {
  readonly #clock: Clock
  readonly #onOver: () => void
  #leftMs: number
  #startedMs = 0
  #running: AbortController | undefined

  /** `limitMs` 0: none. */
  constructor(limitMs: number, clock: Clock, onOver: () => void) {
    this.#clock = clock
    this.#onOver = onOver
    this.#leftMs = limitMs > 0 ? limitMs : Number.POSITIVE_INFINITY
  }

  resume(): void {
    if (this.#running !== undefined || this.#leftMs === Number.POSITIVE_INFINITY) return
    const running = new AbortController()
    this.#running = running
    this.#startedMs = this.#clock.monotonicMs()
    this.#clock.sleep(this.#leftMs, running.signal).then(this.#onOver, () => undefined)
  }

  pause(): void {
    if (this.#running === undefined) return
    this.#running.abort()
    this.#running = undefined
    this.#leftMs = Math.max(0, this.#leftMs - (this.#clock.monotonicMs() - this.#startedMs))
  }
}

import type { Clock } from '../ports/clock.ts'
import { alarm } from '../std/alarm.ts'

/** Time that work may take; while somebody else is to act it stands still. */
export class TimeLimit {
  readonly #clock: Clock
  readonly #onOver: () => void
  #leftMs: number
  #startedMs = 0
  #cancel: (() => void) | undefined

  /** `limitMs` 0: none. */
  constructor(limitMs: number, clock: Clock, onOver: () => void) {
    this.#clock = clock
    this.#onOver = onOver
    this.#leftMs = limitMs > 0 ? limitMs : Number.POSITIVE_INFINITY
  }

  resume(): void {
    if (this.#cancel !== undefined || this.#leftMs === Number.POSITIVE_INFINITY) return
    this.#startedMs = this.#clock.monotonicMs()
    this.#cancel = alarm(this.#clock, this.#leftMs, this.#onOver)
  }

  pause(): void {
    if (this.#cancel === undefined) return
    this.#cancel()
    this.#cancel = undefined
    this.#leftMs = Math.max(0, this.#leftMs - (this.#clock.monotonicMs() - this.#startedMs))
  }
}

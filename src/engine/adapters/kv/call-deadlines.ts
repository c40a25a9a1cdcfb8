import type { Clock } from '../../ports/clock.ts'

interface Deadline {
  dueMs: number
  expire: () => void
}

/** Ends calls that take longer than all of them may. As that is the same time for all, they are due in the order in which they began, and
 *  one timer serves any number of them; it stands still while there is none. */
export class CallDeadlines {
  /** What an ended call says. */
  readonly message: string
  readonly #clock: Clock
  readonly #callMsMax: number
  /** A set keeps the order of its members. */
  readonly #pending = new Set<Deadline>()
  #isWatching = false

  constructor(clock: Clock, callMsMax: number) {
    this.#clock = clock
    this.#callMsMax = callMsMax
    this.message = `no answer within ${callMsMax} ms`
  }

  add(expire: () => void): Deadline {
    const deadline = { dueMs: this.#clock.monotonicMs() + this.#callMsMax, expire }
    this.#pending.add(deadline)
    if (!this.#isWatching) void this.#watch()
    return deadline
  }

  /** Of a call that has ended. */
  remove(deadline: Deadline): void {
    this.#pending.delete(deadline)
  }

  async #watch(): Promise<void> {
    this.#isWatching = true
    for (const deadline of this.#pending) {
      const leftMs = deadline.dueMs - this.#clock.monotonicMs()
      if (leftMs > 0) await this.#clock.sleep(leftMs)
      // Most have ended long before.
      if (this.#pending.delete(deadline)) deadline.expire()
    }
    this.#isWatching = false
  }
}

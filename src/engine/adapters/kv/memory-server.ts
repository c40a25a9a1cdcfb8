import type { Clock } from '../../ports/clock.ts'
import type { Random } from '../../ports/random.ts'
import { MemoryData } from './memory-data.ts'
import { leaseLost } from './store-errors.ts'
import { Wakeups } from './wakeups.ts'

interface LeaseTerm {
  ttlMs: number
  deadlineMs: number
  ended: AbortController
}

/** What the clients of one memory store share: the data, the leases and whoever waits for a change. */
export class MemoryServer {
  readonly storeId: string
  readonly data = new MemoryData()
  readonly changed = new Wakeups()
  readonly #clock: Clock
  readonly #leases = new Map<string, LeaseTerm>()

  constructor({ clock, random }: { clock: Clock; random: Random }) {
    this.#clock = clock
    this.storeId = random.uuid()
  }

  /** Returns the signal that aborts when the lease has ended. */
  grant(id: string, ttlMs: number): AbortSignal {
    const term = { ttlMs, deadlineMs: this.#clock.monotonicMs() + ttlMs, ended: new AbortController() }
    this.#leases.set(id, term)
    this.data.addLease(id)
    void this.#endOnTime(term)
    return term.ended.signal
  }

  renew(id: string): boolean {
    const term = this.#leases.get(id)
    if (term) term.deadlineMs = this.#clock.monotonicMs() + term.ttlMs
    return term !== undefined
  }

  end(id: string): void {
    const term = this.#leases.get(id)
    if (term === undefined) return
    this.#leases.delete(id)
    this.data.removeLease(id)
    term.ended.abort(leaseLost(id))
    this.changed.wakeAll()
  }

  /** Called before every request too, so that no request sees a lease that has outlived its time. */
  endExpired(): void {
    const now = this.#clock.monotonicMs()
    for (const [id, { deadlineMs }] of this.#leases) if (deadlineMs <= now) this.end(id)
  }

  async #endOnTime(term: LeaseTerm): Promise<void> {
    while (!term.ended.signal.aborted) {
      await this.#clock.sleep(term.deadlineMs - this.#clock.monotonicMs(), term.ended.signal).catch(() => undefined)
      this.endExpired()
    }
  }
}

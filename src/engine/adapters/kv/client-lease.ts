import { AgolaError, hasCode } from '../../model/errors.ts'
import type { CallOptions } from '../../ports/call-options.ts'
import type { Clock } from '../../ports/clock.ts'
import type { Lease } from '../../ports/key-value-store.ts'
import { leaseLost } from './store-errors.ts'

export interface LeaseCalls {
  /** Throws `leaseLost` when the store does not know the lease any more. */
  renew(call: CallOptions): Promise<void>
  revoke(call: CallOptions): Promise<void>
}

/** A lease as its holder sees it: lost once the store says so, or when no answer to a keep-alive that was sent within the time to live
 *  has come (spec/storage.md 13.4). Counting from the sending is what makes the holder give up before the store does. */
export class ClientLease implements Lease {
  readonly id: string
  readonly #ttlMs: number
  readonly #clock: Clock
  readonly #calls: LeaseCalls
  readonly #lost = new AbortController()
  #deadlineMs: number

  /** `closed` aborts when the store is closed; `grantedMs` is the monotonic time at which the lease was asked for. */
  constructor(
    { id, ttlMs, grantedMs, closed }: { id: string; ttlMs: number; grantedMs: number; closed: AbortSignal },
    clock: Clock,
    calls: LeaseCalls,
  ) {
    this.id = id
    this.#ttlMs = ttlMs
    this.#clock = clock
    this.#calls = calls
    this.#deadlineMs = grantedMs + ttlMs
    const onClosed = () => this.#lost.abort(closed.reason)
    closed.addEventListener('abort', onClosed)
    this.lost.addEventListener('abort', () => closed.removeEventListener('abort', onClosed))
    void this.#loseOnTime()
  }

  get lost(): AbortSignal {
    return this.#lost.signal
  }

  async keepAlive(call: CallOptions = {}): Promise<void> {
    if (this.lost.aborted) throw this.#lostError()
    const sentMs = this.#clock.monotonicMs()
    try {
      await this.#calls.renew(call)
    } catch (error) {
      if (hasCode(error, 'leaseLost')) this.#lost.abort(error)
      throw error
    }
    this.#deadlineMs = Math.max(this.#deadlineMs, sentMs + this.#ttlMs)
  }

  async revoke(call: CallOptions = {}): Promise<void> {
    await this.#calls.revoke(call)
    this.#lost.abort(leaseLost(this.id))
  }

  async #loseOnTime(): Promise<void> {
    while (!this.lost.aborted) {
      const leftMs = this.#deadlineMs - this.#clock.monotonicMs()
      if (leftMs <= 0) this.#lost.abort(leaseLost(this.id))
      else await this.#clock.sleep(leftMs, this.lost).catch(() => undefined)
    }
  }

  #lostError(): AgolaError {
    const { reason } = this.lost
    return reason instanceof AgolaError ? reason : leaseLost(this.id)
  }
}

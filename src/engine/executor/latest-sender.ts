import type { Clock } from '../ports/clock.ts'
import { alarm } from '../std/alarm.ts'

const retryMsMin = 100
const retryMsMax = 5_000
/** A receiver that does not answer for so long is asked again. */
const answerMsMax = 30_000

export interface LatestSenderOptions<Value> {
  clock: Clock
  /** Resolves when the value was acknowledged. */
  send: (value: Value, signal: AbortSignal) => Promise<void>
  onFailure: (error: unknown) => void
}

/** Delivers the newest state of something: values that come while one is on its way wait, and only the last of them is sent.
 *  A value is sent again until it is acknowledged. Its calls have signals of their own: what ended the work does not end its report. */
export class LatestSender<Value> {
  readonly #options: LatestSenderOptions<Value>
  readonly #closed = new AbortController()
  #call: AbortController | undefined
  #next: { value: Value } | undefined
  #sending: Promise<void> | undefined

  constructor(options: LatestSenderOptions<Value>) {
    this.#options = options
  }

  push(value: Value): void {
    if (this.#closed.signal.aborted) return
    this.#next = { value }
    this.#sending ??= this.#sendAll().finally(() => {
      this.#sending = undefined
    })
  }

  /** Resolves when the newest value was acknowledged, or the sender closed. */
  async idle(): Promise<void> {
    while (this.#sending !== undefined) await this.#sending
  }

  /** Gives up what was not acknowledged yet. */
  close(): void {
    this.#closed.abort(new Error('the sender was closed'))
    this.#call?.abort(this.#closed.signal.reason)
    this.#next = undefined
  }

  async #sendAll(): Promise<void> {
    let retryMs = retryMsMin
    let current = this.#take()
    while (current !== undefined && !this.#closed.signal.aborted) {
      if (await this.#sendOnce(current.value)) {
        retryMs = retryMsMin
        current = this.#take()
        continue
      }
      await this.#pause(retryMs)
      retryMs = Math.min(retryMs * 2, retryMsMax)
      current = this.#take() ?? current
    }
  }

  #take(): { value: Value } | undefined {
    const next = this.#next
    this.#next = undefined
    return next
  }

  async #sendOnce(value: Value): Promise<boolean> {
    const { clock, send, onFailure } = this.#options
    const call = new AbortController()
    this.#call = call
    const cancel = alarm(clock, answerMsMax, () => call.abort(new Error(`no answer within ${answerMsMax} ms`)))
    try {
      await send(value, call.signal)
      return true
    } catch (error) {
      if (!this.#closed.signal.aborted) onFailure(error)
      return false
    } finally {
      cancel()
      this.#call = undefined
    }
  }

  async #pause(ms: number): Promise<void> {
    // Closing ends the pause early; the loop sees that itself.
    await this.#options.clock.sleep(ms, this.#closed.signal).catch(() => undefined)
  }
}

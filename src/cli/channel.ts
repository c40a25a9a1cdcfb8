/** Hands values from several writers to one reader, in the order in which they were written. A writer waits while `limit` values are unread,
 *  so that a slow reader slows its writers down instead of filling memory. */
export class Channel<T> implements AsyncIterable<T> {
  private readonly limit: number
  private readonly values: T[] = []
  private readonly waitingWriters: (() => void)[] = []
  private wakeReader: (() => void) | null = null
  private ended = false
  private failure: { reason: unknown } | null = null

  constructor(limit: number) {
    this.limit = limit
  }

  /** Resolves when there is room for the next one. Values written after the end are dropped. */
  async write(value: T): Promise<void> {
    if (this.ended) return
    this.values.push(value)
    this.wakeReader?.()
    if (this.values.length < this.limit) return
    await new Promise<void>((resolve) => this.waitingWriters.push(resolve))
  }

  /** The reader gets what was written before, then the end, or the failure. */
  end(failure?: { reason: unknown }): void {
    if (this.ended) return
    this.ended = true
    this.failure = failure ?? null
    this.wakeReader?.()
    this.releaseWriters()
  }

  async *[Symbol.asyncIterator](): AsyncGenerator<T> {
    try {
      for (;;) {
        while (this.values.length > 0) {
          const value = this.values.shift() as T
          if (this.values.length < this.limit) this.waitingWriters.shift()?.()
          yield value
        }
        if (this.ended) break
        await new Promise<void>((resolve) => {
          this.wakeReader = resolve
        })
        this.wakeReader = null
      }
      if (this.failure !== null) throw this.failure.reason
    } finally {
      this.ended = true
      this.releaseWriters()
    }
  }

  private releaseWriters(): void {
    for (const resolve of this.waitingWriters.splice(0)) resolve()
  }
}

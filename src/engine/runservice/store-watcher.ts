import { hasCode, messageOf } from '../model/errors.ts'
import type { Clock } from '../ports/clock.ts'
import type { KeyValueStore, WatchEvent } from '../ports/key-value-store.ts'
import type { Log } from '../ports/log.ts'
import { keys } from './keys.ts'

export interface StoreWatcherOptions {
  kv: KeyValueStore
  clock: Clock
  log: Log
  onEvent(event: WatchEvent): void
  /** Events may have been missed: everything is to be read again, as of the time of this call or later. */
  onGap(): Promise<void>
  /** Nothing can be followed any more: who waits for events looks at the store, and meets the error. */
  onUnusable(): void
}

const retryMs = 1000

/** Follows what all processes write below the keys of the runservice, over lost connections and compactions. */
export class StoreWatcher {
  readonly #options: StoreWatcherOptions

  constructor(options: StoreWatcherOptions) {
    this.#options = options
  }

  /** Resolves once everything was read for the first time; goes on until aborted. */
  async start(signal: AbortSignal): Promise<{ done: Promise<void> }> {
    const { revision } = await this.#options.kv.status({ signal })
    await this.#options.onGap()
    return { done: this.#follow(revision + 1n, signal) }
  }

  async #follow(from: bigint, signal: AbortSignal): Promise<void> {
    const { kv, clock, log, onEvent, onGap, onUnusable } = this.#options
    let cursor: bigint | null = from
    while (!signal.aborted) {
      try {
        if (cursor === null) {
          const { revision } = await kv.status({ signal })
          await onGap()
          cursor = revision + 1n
        }
        for await (const batch of kv.watch({ prefix: keys.base, from: cursor }, { signal })) {
          for (const event of batch.events) onEvent(event)
          if (batch.revision >= cursor) cursor = batch.revision + 1n
        }
      } catch (error) {
        if (signal.aborted || hasCode(error, 'storeClosed')) return
        log.warn('following the store failed', { error: messageOf(error) })
        if (hasCode(error, 'storeUnusable')) onUnusable()
        if (hasCode(error, 'revisionCompacted', 'revisionInFuture')) cursor = null
        await clock.sleep(retryMs, signal).catch(() => undefined)
      }
    }
  }
}

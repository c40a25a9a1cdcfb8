import type { RunEvent } from '../model/run-event.ts'
import type { CallOptions } from '../ports/call-options.ts'
import type { KeyValueStore } from '../ports/key-value-store.ts'
import type { ChangeSignal } from '../std/change-signal.ts'
import { decodeNumber, decodeRunEvent } from './documents.ts'
import { keys } from './keys.ts'

/** Name under which new events are told. */
export const runEventsChanged = 'run events'

const pageEventsMax = 500
const keptEventsMax = 10_000
const deletesMax = 90

/** What has happened to runs, in order, for those who follow from where they were (spec/runs.md 14). */
export class RunEventLog {
  readonly #kv: KeyValueStore
  readonly #changes: ChangeSignal

  constructor(kv: KeyValueStore, changes: ChangeSignal) {
    this.#kv = kv
    this.#changes = changes
  }

  async last(options: CallOptions = {}): Promise<number> {
    return decodeNumber((await this.#kv.get(keys.runEventSequence, options)).entry)
  }

  /** Every event after `afterSequence` that is still kept, then new ones as they come, until aborted. */
  async *watch(afterSequence: number, options: CallOptions = {}): AsyncGenerator<RunEvent> {
    for (let after = afterSequence; ; ) {
      const version = this.#changes.version(runEventsChanged)
      const query = { prefix: keys.runEvents, after: keys.runEvent(after), limit: pageEventsMax }
      const { entries, more } = await this.#kv.range(query, options)
      for (const event of entries.map(decodeRunEvent)) {
        yield event
        after = event.sequence
      }
      if (!more) await this.#changes.after(runEventsChanged, version, options.signal)
    }
  }

  /** Deletes the oldest, as far as there are too many. */
  async trim(options: CallOptions = {}): Promise<void> {
    const end = keys.runEvent(Math.max(0, (await this.last(options)) - keptEventsMax))
    for (;;) {
      const { entries } = await this.#kv.range({ prefix: keys.runEvents, limit: deletesMax, keysOnly: true }, options)
      const old = entries.filter((entry) => entry.key <= end)
      if (old.length === 0) return
      await this.#kv.txn({ then: old.map(({ key }) => ({ type: 'delete', key })) }, options)
    }
  }
}

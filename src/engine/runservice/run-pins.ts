import { hasCode } from '../model/errors.ts'
import type { RunId } from '../model/ids.ts'
import type { CallOptions } from '../ports/call-options.ts'
import type { Compare, KeyValueStore } from '../ports/key-value-store.ts'
import type { ObjectStorage } from '../ports/object-storage.ts'
import { keys } from './keys.ts'

const pins = 'pins/'

/** Which runs somebody wants to keep: an empty object each, beside the logs and archives that it keeps, so that it lasts as long as they
 *  do (spec/local-runs.md 13). A key in the key-value store tells those who remove runs that there is a new one. */
export class RunPins {
  readonly #kv: KeyValueStore
  readonly #objects: ObjectStorage

  constructor({ kv, objects }: { kv: KeyValueStore; objects: ObjectStorage }) {
    this.#kv = kv
    this.#objects = objects
  }

  /** May be repeated. A run that is still there afterwards is not removed any more. */
  async pin(runId: RunId, options: CallOptions = {}): Promise<void> {
    await this.#objects.put(pins + runId, new Uint8Array(), { ...options, sizeBytes: 0, persist: true })
    await this.#kv.txn({ then: [{ type: 'put', key: keys.pins, value: new Uint8Array() }] }, options)
  }

  /** Holds until somebody pins a run. Who removes one takes it first, looks for a pin then, and compares in the transaction that deletes. */
  async noneAdded(options: CallOptions = {}): Promise<Compare> {
    const { entry } = await this.#kv.get(keys.pins, options)
    return { key: keys.pins, target: 'modRevision', operator: '=', value: entry?.modRevision ?? 0n }
  }

  async unpin(runId: RunId, options: CallOptions = {}): Promise<void> {
    await this.#objects.delete(pins + runId, options)
  }

  async has(runId: RunId, options: CallOptions = {}): Promise<boolean> {
    try {
      await this.#objects.stat(pins + runId, options)
      return true
    } catch (error) {
      if (hasCode(error, 'objectDoesNotExist')) return false
      throw error
    }
  }

  async list(options: CallOptions = {}): Promise<Set<RunId>> {
    const found = new Set<RunId>()
    for await (const { key } of this.#objects.list({ prefix: pins }, options)) found.add(key.slice(pins.length))
    return found
  }
}

import { hasCode } from '../model/errors.ts'
import type { RunId } from '../model/ids.ts'
import type { CallOptions } from '../ports/call-options.ts'
import type { ObjectStorage } from '../ports/object-storage.ts'

const pins = 'pins/'

/** Which runs somebody wants to keep: an empty object each, beside the logs and archives that it keeps, so that it lasts as long as they
 *  do and needs no agreement between processes (spec/local-runs.md 13). */
export class RunPins {
  readonly #objects: ObjectStorage

  constructor(objects: ObjectStorage) {
    this.#objects = objects
  }

  /** May be repeated. */
  async pin(runId: RunId, options: CallOptions = {}): Promise<void> {
    await this.#objects.put(pins + runId, new Uint8Array(), { ...options, sizeBytes: 0, persist: true })
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

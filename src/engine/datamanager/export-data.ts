import type { CallOptions } from '../ports/call-options.ts'
import type { Clock } from '../ports/clock.ts'
import type { KeyValueStore, Lease } from '../ports/key-value-store.ts'
import type { DataManagerContext } from './context.ts'
import { encodeEntry } from './data-file.ts'
import { scanEntries } from './list-entries.ts'
import { readPointer } from './read-wals.ts'
import type { Views } from './view.ts'

const chunkBytes = 64 * 1024
const pinTtlMs = 60_000
export const exportFormat = 1

/** All entries as they were at the call, types in their fixed order, ids ascending: a line saying the format, a line for each entry, a line
 *  with their number, by which an import knows that it got all of them. The snapshot it reads is kept from the cleaners meanwhile. */
export async function* exportData(
  context: DataManagerContext,
  views: Views,
  options: CallOptions,
): AsyncGenerator<Uint8Array> {
  await using pin = await Pin.create(context, options)
  const scans = await scansOfAll(context, views, pin, options)
  let count = 0
  let chunk = [line({ agola_export: exportFormat })]
  let bytes = 0
  for (const { name, entries } of scans) {
    for await (const entry of entries) {
      const encoded = encodeEntry(name, entry)
      chunk.push(encoded)
      bytes += encoded.length
      count++
      if (bytes < chunkBytes) continue
      yield Buffer.concat(chunk)
      chunk = []
      bytes = 0
    }
  }
  yield Buffer.concat([...chunk, line({ entries: count })])
}

/** Everything as of one moment, captured; pages are read later. The snapshot must still be the newest once it is pinned: a cleaner that
 *  did not see the pin read the pointer before, and removes nothing that this one names. */
async function scansOfAll(context: DataManagerContext, views: Views, pin: Pin, options: CallOptions) {
  for (;;) {
    // A view that own writes kept up to date may hold a snapshot that is cleaned away already.
    views.forget()
    const view = await views.current(options)
    const scans = context.dataTypes.map(({ name }) => ({ name, entries: scanEntries(view, name, {}, options) }))
    if (view.snapshot === null) return scans
    const { dataSequence } = view.snapshot.status
    await pin.hold(dataSequence, options)
    if ((await readPointer(context, options))?.dataSequence === dataSequence) return scans
  }
}

function line(value: unknown): Buffer {
  return Buffer.from(`${JSON.stringify(value)}\n`)
}

/** Keeps a snapshot from being cleaned, for as long as this process lives. */
class Pin implements AsyncDisposable {
  readonly #kv: KeyValueStore
  readonly #clock: Clock
  readonly #lease: Lease
  readonly #key: string
  readonly #ended = new AbortController()

  private constructor({ kv, clock, storeKeys }: DataManagerContext, lease: Lease) {
    this.#kv = kv
    this.#clock = clock
    this.#lease = lease
    this.#key = storeKeys.pinPrefix + lease.id
  }

  static async create(context: DataManagerContext, options: CallOptions): Promise<Pin> {
    const pin = new Pin(context, await context.kv.lease(pinTtlMs, options))
    void pin.#keepAlive()
    return pin
  }

  async hold(dataSequence: string, options: CallOptions): Promise<void> {
    const value = Buffer.from(dataSequence)
    await this.#kv.txn({ then: [{ type: 'put', key: this.#key, value, lease: this.#lease.id }] }, options)
  }

  async #keepAlive(): Promise<void> {
    const ended = AbortSignal.any([this.#ended.signal, this.#lease.lost])
    while (!ended.aborted) {
      // A missed turn has two more before the lease ends; a lost pin shows as a missing file, which ends the export with an error.
      await this.#clock.sleep(pinTtlMs / 3, ended).catch(() => undefined)
      if (!ended.aborted) await this.#lease.keepAlive({ signal: ended }).catch(() => undefined)
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#ended.abort()
    // What cannot be revoked now ends by itself.
    await this.#lease.revoke().catch(() => undefined)
  }
}

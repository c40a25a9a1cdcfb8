import type { ClientDuplexStream } from '@grpc/grpc-js'
import type { Clock } from '../../ports/clock.ts'
import type { WatchBatch, WatchEvent, WatchQuery } from '../../ports/key-value-store.ts'
import type { EtcdClient } from './etcd-client.ts'
import { isServiceError } from './etcd-error.ts'
import type { EtcdKeys } from './etcd-keys.ts'
import type { WatchRequest, WatchResponse } from './etcd-messages.ts'
import { etcdMethods } from './etcd-protocol.ts'
import { revisionCompacted } from './store-errors.ts'
import { firstCursor, firstRevision } from './watch-cursor.ts'

export interface WatchSettings {
  client: EtcdClient
  keys: EtcdKeys
  clock: Clock
  /** A write that every watch of this store sees, on whatever prefix. */
  ping: (signal: AbortSignal) => Promise<void>
  /** Whether the servers behind the endpoints still hold the store that the watch began in, and all of it up to that revision. In another
   *  one, or one that was restored from a backup, the revisions of a watch mean nothing. */
  hasHistory: (revision: bigint, signal: AbortSignal) => Promise<boolean>
  silenceMsMax?: number
}

const eventsWatch = '1'
const pingWatch = '2'
const silenceMsMax = 15_000
const pingMsMax = 5000

/** One watch of an etcd store, over any number of streams (spec/storage.md 13.4, 14.3).
 *
 *  The cursor is the revision of the last delivered event, never the header's beside events: while it catches up, the server sends some
 *  revisions at a time under a header that already shows the newest. A stream that is silent for 15 s is tested with a write that it
 *  must report, and given up when it does not. */
export async function* watchEtcd(
  query: WatchQuery,
  settings: WatchSettings,
  ended: AbortSignal,
): AsyncGenerator<WatchBatch, void, void> {
  const { client } = settings
  let cursor = query.from === undefined ? undefined : firstCursor(query, 0n)
  let delivered = 0n
  for (let attempt = 0; ; ) {
    ended.throwIfAborted()
    try {
      const stream = await client.stream(etcdMethods.watch, { signal: ended })
      for await (const batch of readStream(stream, { cursor, delivered }, query, settings, ended)) {
        attempt = 0
        // A member that has started again may be behind for a moment.
        if (cursor !== undefined && batch.revision <= cursor) continue
        cursor = batch.revision
        delivered = batch.revision
        yield batch
      }
    } catch (error) {
      ended.throwIfAborted()
      if (isServiceError(error)) client.noteStreamError(error)
      else if (!isUnreachable(error)) throw error
    }
    await client.backoff(attempt++, ended)
  }
}

interface WatchPosition {
  /** undefined: from now on. May lie in the future. */
  cursor: bigint | undefined
  /** The newest revision that was told of. */
  delivered: bigint
}

/** Ends when the stream must be replaced; throws what ends the watch. */
async function* readStream(
  stream: ClientDuplexStream<WatchRequest, WatchResponse>,
  { cursor, delivered }: WatchPosition,
  query: WatchQuery,
  settings: WatchSettings,
  ended: AbortSignal,
): AsyncGenerator<WatchBatch, void, void> {
  const { keys } = settings
  const over = new AbortController()
  const cancel = () => stream.cancel()
  ended.addEventListener('abort', cancel, { once: true })
  const heard = guardAgainstSilence(stream, settings, AbortSignal.any([over.signal, ended]))
  const assembly = new RevisionAssembly(cursor ?? 0n, keys)
  stream.write({ create_request: createRequest(query, cursor, keys) })
  stream.write({ create_request: { watch_id: pingWatch, key: keys.own('ping') } })
  try {
    for await (const message of stream) {
      const response: WatchResponse = message
      heard()
      if (response.watch_id !== eventsWatch) continue
      if (response.canceled) {
        const compacted = BigInt(response.compact_revision)
        if (compacted > 0n) throw revisionCompacted((cursor ?? 0n) + 1n, compacted + 1n)
        return
      }
      const revision = BigInt(response.header.revision)
      if (response.created) {
        if (cursor === undefined) {
          yield { revision, events: [] }
          assembly.skipTo(revision)
        } else if (!(await settings.hasHistory(delivered, ended))) {
          throw revisionCompacted(cursor + 1n, firstRevision)
        }
      } else if (response.events.length > 0) {
        const batch = assembly.add(response)
        if (batch) yield batch
      } else if (!response.fragment && assembly.isEmpty) {
        yield { revision, events: [] }
      }
    }
  } finally {
    over.abort()
    ended.removeEventListener('abort', cancel)
    stream.cancel()
  }
}

/** Watches from the cursor itself, not from after it: etcd then also refuses when exactly the cursor was compacted, in which case
 *  it may have dropped deletions right after it. What was delivered before is left out on arrival. */
function createRequest(
  { prefix }: WatchQuery,
  cursor: bigint | undefined,
  keys: EtcdKeys,
): WatchRequest['create_request'] {
  return {
    watch_id: eventsWatch,
    key: keys.key(prefix),
    range_end: keys.end(prefix),
    progress_notify: true,
    fragment: true,
    ...(cursor !== undefined && { start_revision: String(cursor > firstRevision ? cursor : firstRevision) }),
  }
}

/** Joins what the server has cut into fragments, so that revisions leave whole. */
class RevisionAssembly {
  readonly #keys: EtcdKeys
  #cursor: bigint
  #events: WatchEvent[] = []

  constructor(cursor: bigint, keys: EtcdKeys) {
    this.#cursor = cursor
    this.#keys = keys
  }

  get isEmpty(): boolean {
    return this.#events.length === 0
  }

  skipTo(revision: bigint): void {
    this.#cursor = revision
  }

  add({ events, fragment }: WatchResponse): WatchBatch | null {
    for (const { type, kv } of events) {
      if (BigInt(kv.mod_revision) <= this.#cursor) continue
      const deleted = { type: 'delete', key: this.#keys.name(kv.key), modRevision: BigInt(kv.mod_revision) } as const
      this.#events.push(type === 'DELETE' ? deleted : { type: 'put', entry: this.#keys.entry(kv) })
    }
    const last = this.#events.at(-1)
    if (last === undefined) return null
    const end = fragment
      ? this.#events.findIndex((event) => revisionOf(event) === revisionOf(last))
      : this.#events.length
    const whole = this.#events.splice(0, end)
    const lastWhole = whole.at(-1)
    if (lastWhole === undefined) return null
    this.#cursor = revisionOf(lastWhole)
    return { revision: this.#cursor, events: whole }
  }
}

function revisionOf(event: WatchEvent): bigint {
  return event.type === 'put' ? event.entry.modRevision : event.modRevision
}

/** Cancels the stream when nothing comes over it although something must. Returns what is to be called for everything that comes. */
function guardAgainstSilence(stream: { cancel(): void }, settings: WatchSettings, over: AbortSignal): () => void {
  const { clock, ping } = settings
  const limitMs = settings.silenceMsMax ?? silenceMsMax
  let heardMs = clock.monotonicMs()
  let answered = new AbortController()
  const guard = async () => {
    while (!over.aborted) {
      const quietMs = clock.monotonicMs() - heardMs
      if (quietMs < limitMs) {
        await clock.sleep(limitMs - quietMs, over)
        continue
      }
      answered = new AbortController()
      // A ping that fails is no proof of a dead stream, but a stream that stays silent after it is of no use either.
      ping(over).catch(() => undefined)
      await clock.sleep(pingMsMax, AbortSignal.any([over, answered.signal])).catch(() => undefined)
      if (!answered.signal.aborted) return stream.cancel()
    }
  }
  // It ends by the abort of its sleep.
  guard().catch(() => undefined)
  return () => {
    heardMs = clock.monotonicMs()
    answered.abort()
  }
}

function isUnreachable(error: unknown): boolean {
  return error instanceof Error && 'code' in error && error.code === 'storeUnreachable'
}

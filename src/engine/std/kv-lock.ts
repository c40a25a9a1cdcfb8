import { hasCode } from '../model/errors.ts'
import type { CallOptions } from '../ports/call-options.ts'
import type { Clock } from '../ports/clock.ts'
import type { Compare, KeyValueStore, Lease } from '../ports/key-value-store.ts'

/** A lock that somebody holds (spec/storage.md 4.2, 13.2). It protects only while its lease lives, and a paused process notices too late
 *  that it does not: every write under the lock therefore takes `fence` among its compares. */
export interface KvLock {
  /** Fails once another holder has come, even if this one does not know it yet. */
  readonly fence: Compare
  /** Aborted when the lock is known or must be assumed to be lost. */
  readonly lost: AbortSignal
  /** Gives it up; safe to call twice and after it was lost. */
  release(options?: CallOptions): Promise<void>
}

export interface LockOptions extends CallOptions {
  clock: Clock
  /** How long the lock outlives its holder; default 5 s. */
  ttlMs?: number
}

const ttlMsDefault = 5000
/** Three chances to keep it before it is lost. */
const keepAlivesPerTtl = 3

/** The lock named by the key, or `null` when somebody else has it, or this process stood still for longer than a lease lasts. */
export async function tryLock(store: KeyValueStore, key: string, options: LockOptions): Promise<KvLock | null> {
  return (await attempt(store, key, options)).lock
}

/** Waits for the lock. Ends by the abort of `signal`, or by an error of the store. Whoever comes first after a release gets it. */
export async function lock(store: KeyValueStore, key: string, options: LockOptions): Promise<KvLock> {
  for (;;) {
    const { lock: held, revision } = await attempt(store, key, options)
    if (held) return held
    if (revision !== null) await released(store, key, revision, options)
  }
}

interface Attempt {
  lock: KvLock | null
  /** When somebody else had it; null when the lease ended before it could be taken. */
  revision: bigint | null
}

async function attempt(store: KeyValueStore, key: string, options: LockOptions): Promise<Attempt> {
  const lease = await store.lease(options.ttlMs ?? ttlMsDefault, options)
  try {
    const { createRevision, revision } = await take(store, key, lease, options)
    if (createRevision !== null) return { lock: hold(key, createRevision, lease, options), revision }
    await lease.revoke(options)
    return { lock: null, revision }
  } catch (error) {
    if (hasCode(error, 'leaseLost')) return { lock: null, revision: null }
    // The first failure is the one to report; a lease that cannot be revoked now ends by itself.
    await lease.revoke().catch(() => undefined)
    throw error
  }
}

/** The same transaction may be sent again when its outcome is unknown: it cannot succeed twice, and the lease on the key tells whose
 *  success it was (spec/storage.md 13.5, rule 6). */
async function take(store: KeyValueStore, key: string, lease: Lease, options: LockOptions) {
  for (;;) {
    try {
      const { succeeded, revision, gets } = await store.txn(
        {
          compare: [{ key, target: 'createRevision', operator: '=', value: 0n }],
          then: [{ type: 'put', key, value: new Uint8Array(), lease: lease.id }],
          else: [{ type: 'get', key }],
        },
        options,
      )
      if (succeeded) return { createRevision: revision, revision }
      const holder = gets[0]
      return { createRevision: holder?.lease === lease.id ? holder.createRevision : null, revision }
    } catch (error) {
      if (!hasCode(error, 'outcomeUnknown') || lease.lost.aborted) throw error
    }
  }
}

async function released(store: KeyValueStore, key: string, revision: bigint, { signal }: LockOptions): Promise<void> {
  try {
    for await (const { events } of store.watch({ prefix: key, from: revision + 1n }, { signal })) {
      if (events.some((event) => event.type === 'delete' && event.key === key)) return
    }
  } catch (error) {
    // Then the next attempt tells how things are now.
    if (!hasCode(error, 'revisionCompacted')) throw error
  }
}

function hold(key: string, createRevision: bigint, lease: Lease, { clock, ttlMs = ttlMsDefault }: LockOptions): KvLock {
  const given = new AbortController()
  void keepAlive(lease, clock, ttlMs / keepAlivesPerTtl, AbortSignal.any([lease.lost, given.signal]))
  return {
    fence: { key, target: 'createRevision', operator: '=', value: createRevision },
    lost: lease.lost,
    release: async (options) => {
      given.abort()
      if (!lease.lost.aborted) await lease.revoke(options)
    },
  }
}

/** A failed keep-alive is no loss yet: the next one may come through in time, and else the lease itself says that it is lost. */
async function keepAlive(lease: Lease, clock: Clock, everyMs: number, ended: AbortSignal): Promise<void> {
  while (!ended.aborted) {
    await clock.sleep(everyMs, ended).catch(() => undefined)
    if (!ended.aborted) await lease.keepAlive({ signal: ended }).catch(() => undefined)
  }
}

import { AgolaError, hasCode } from '../../model/errors.ts'
import type { CallOptions } from '../../ports/call-options.ts'
import type {
  GetResult,
  KeyValueStore,
  Lease,
  RangeQuery,
  RangeResult,
  StoreStatus,
  Txn,
  TxnResult,
  WatchBatch,
  WatchQuery,
} from '../../ports/key-value-store.ts'
import { checkKey, checkPrefix, checkRange, checkTtl, checkTxn } from './check-request.ts'
import { ClientLease } from './client-lease.ts'
import { EtcdClient, type EtcdClientOptions } from './etcd-client.ts'
import { findCompactRevision } from './etcd-compact-revision.ts'
import { etcdError, isCompactedError, isFutureError, isLeaseNotFound, isServiceError } from './etcd-error.ts'
import { EtcdKeys } from './etcd-keys.ts'
import type { PutRequest, RangeRequest, RangeResponse, TxnRequest } from './etcd-messages.ts'
import { etcdMethods } from './etcd-protocol.ts'
import { fromEtcdTxn, toEtcdTxn } from './etcd-txn.ts'
import { watchEtcd } from './etcd-watch.ts'
import { leaseLost, revisionCompacted, revisionInFuture, storeClosed } from './store-errors.ts'

export interface EtcdKeyValueStoreOptions extends EtcdClientOptions {
  /** Every key of this store begins with it, so that several stores share a cluster; default `agola/`. */
  namespace?: string
  /** After so long without a word from a watch its stream is tested; default 15 s. */
  silenceMsMax?: number
}

export interface EtcdSpace {
  /** Of the file, which the quota limits. It shrinks by defragmentation only. */
  sizeBytes: number
  usedBytes: number
  /** The alarm is up: writes are refused until an operator takes it down. */
  isFull: boolean
}

const oldestVersion = [3, 4] as const

/** The key-value port in an etcd cluster, 3.4 or later (spec/storage.md 13.4). */
export class EtcdKeyValueStore implements KeyValueStore {
  readonly #options: EtcdKeyValueStoreOptions
  readonly #client: EtcdClient
  readonly #keys: EtcdKeys
  readonly #closed = new AbortController()
  #storeId = ''
  #compactRevision = 0n

  private constructor(options: EtcdKeyValueStoreOptions) {
    this.#options = options
    this.#client = new EtcdClient(options)
    this.#keys = new EtcdKeys(options.namespace ?? 'agola/')
  }

  /** Connects, logs in and finds or makes the store's id. Throws `storeUnreachable`, or `storeUnusable` for a wrong user, password,
   *  certificate or version. */
  static async open(options: EtcdKeyValueStoreOptions, call: CallOptions = {}): Promise<EtcdKeyValueStore> {
    const store = new EtcdKeyValueStore(options)
    try {
      checkVersion((await store.#client.read(etcdMethods.status, {}, call)).version)
      store.#storeId = await store.#findOrMakeStoreId(call)
      return store
    } catch (error) {
      await store.close()
      throw error
    }
  }

  async get(key: string, options: CallOptions & { revision?: bigint } = {}): Promise<GetResult> {
    checkKey(key)
    const { kvs, header } = await this.#range({ key: this.#keys.key(key) }, options.revision, options)
    return { entry: kvs[0] ? this.#keys.entry(kvs[0]) : null, revision: BigInt(header.revision) }
  }

  async range(query: RangeQuery, options: CallOptions = {}): Promise<RangeResult> {
    checkRange(query)
    const { prefix, after, limit, descending = false, keysOnly = false, revision } = query
    const key =
      !descending && after !== undefined && after >= prefix ? this.#keys.key(`${after}\u0000`) : this.#keys.key(prefix)
    const end =
      descending && after !== undefined && after < `${prefix}\u007f` ? this.#keys.key(after) : this.#keys.end(prefix)
    // etcd has no empty range: where ours is empty, it is asked for no values but the revision.
    const isEmpty = Buffer.compare(key, end) >= 0
    const request: RangeRequest = isEmpty
      ? { key: this.#keys.own('none') }
      : { key, range_end: end, keys_only: keysOnly }
    if (limit !== undefined) request.limit = limit
    if (descending) request.sort_order = 'DESCEND'
    const answer = await this.#range(request, revision, options)
    const entries = answer.kvs.map((kv) => this.#keys.entry(kv))
    return { entries, more: answer.more, revision: revision ?? BigInt(answer.header.revision) }
  }

  async txn(request: Txn, options: CallOptions = {}): Promise<TxnResult> {
    checkTxn(request)
    const message = toEtcdTxn(request, this.#keys)
    const lonePut = lonePutOf(message)
    try {
      if (lonePut) {
        const { header } = await this.#client.write(etcdMethods.put, lonePut, options)
        return { succeeded: true, revision: BigInt(header.revision), gets: [] }
      }
      const response = await this.#client.write(etcdMethods.txn, message, options)
      const revision = BigInt(response.header?.revision ?? 0)
      return { ...fromEtcdTxn(response, request, this.#keys), revision }
    } catch (error) {
      if (isLeaseNotFound(error)) throw await this.#whichLeaseIsLost(request, options)
      throw this.#translate(error)
    }
  }

  watch(query: WatchQuery, options: CallOptions = {}): AsyncIterable<WatchBatch> {
    checkPrefix(query.prefix)
    this.#closed.signal.throwIfAborted()
    const ended = options.signal ? AbortSignal.any([options.signal, this.#closed.signal]) : this.#closed.signal
    const { clock, silenceMsMax } = this.#options
    // Of the store that the revisions of this watch belong to. `status` may find another one meanwhile.
    const storeId = this.#storeId
    const settings = {
      client: this.#client,
      keys: this.#keys,
      clock,
      ping: (signal: AbortSignal) => this.#ping(signal),
      hasHistory: (revision: bigint, signal: AbortSignal) => this.#hasHistory(storeId, revision, { signal }),
      ...(silenceMsMax !== undefined && { silenceMsMax }),
    }
    return watchEtcd(query, settings, ended)
  }

  async lease(ttlMs: number, options: CallOptions = {}): Promise<Lease> {
    checkTtl(ttlMs)
    const { clock } = this.#options
    const grantedMs = clock.monotonicMs()
    // Whole seconds, and the server may give more. A grant whose answer is lost leaves a lease that ends by itself.
    const { ID: id, TTL } = await this.#client.write(etcdMethods.leaseGrant, { TTL: Math.ceil(ttlMs / 1000) }, options)
    const term = { id, ttlMs: Number(TTL) * 1000, grantedMs, closed: this.#closed.signal }
    return new ClientLease(term, clock, {
      renew: async (call) => {
        const answer = await this.#client.exchange(etcdMethods.leaseKeepAlive, { ID: id }, call)
        if (Number(answer.TTL) <= 0) throw leaseLost(id)
      },
      revoke: async (call) => {
        try {
          await this.#client.write(etcdMethods.leaseRevoke, { ID: id }, call)
        } catch (error) {
          if (!isLeaseNotFound(error)) throw this.#translate(error)
        }
      },
    })
  }

  async compact(revision: bigint, options: CallOptions = {}): Promise<void> {
    try {
      await this.#client.write(etcdMethods.compact, { revision: String(revision) }, options)
    } catch (error) {
      if (isCompactedError(error)) return
      if (isFutureError(error)) throw revisionInFuture(revision, await this.#revision(options))
      throw this.#translate(error)
    }
  }

  async status(options: CallOptions = {}): Promise<StoreStatus> {
    this.#closed.signal.throwIfAborted()
    const storeId = await this.#findOrMakeStoreId(options)
    if (storeId !== this.#storeId) this.#compactRevision = 0n
    this.#storeId = storeId
    const revision = await this.#revision(options)
    const compactRevision = await this.#findCompactRevision(revision, options)
    const { dbSize } = await this.#client.read(etcdMethods.status, {}, options)
    return { storeId, revision, compactRevision, sizeBytes: Number(dbSize) }
  }

  /** How full the member is that answers; the quota itself is not told. */
  async space(options: CallOptions = {}): Promise<EtcdSpace> {
    const { dbSize, dbSizeInUse, errors } = await this.#client.read(etcdMethods.status, {}, options)
    const isFull = errors.some((error) => error.includes('alarm:NOSPACE'))
    return { sizeBytes: Number(dbSize), usedBytes: Number(dbSizeInUse), isFull }
  }

  async close(): Promise<void> {
    if (this.#closed.signal.aborted) return
    this.#closed.abort(storeClosed())
    this.#client.close()
  }

  async #range(request: RangeRequest, revision: bigint | undefined, options: CallOptions): Promise<RangeResponse> {
    try {
      const message = revision === undefined ? request : { ...request, revision: String(revision) }
      return await this.#client.read(etcdMethods.range, message, options)
    } catch (error) {
      if (revision === undefined) throw this.#translate(error)
      if (isFutureError(error)) throw revisionInFuture(revision, await this.#revision(options))
      if (!isCompactedError(error)) throw this.#translate(error)
      throw revisionCompacted(revision, await this.#findCompactRevision(await this.#revision(options), options))
    }
  }

  async #revision(options: CallOptions): Promise<bigint> {
    const { header } = await this.#client.read(etcdMethods.range, { key: this.#keys.own('none') }, options)
    return BigInt(header.revision)
  }

  async #findCompactRevision(revision: bigint, options: CallOptions): Promise<bigint> {
    const isReadable = async (at: bigint) => {
      try {
        const request = { key: this.#keys.own('none'), revision: String(at), count_only: true }
        await this.#client.read(etcdMethods.range, request, options)
        return true
      } catch (error) {
        if (isCompactedError(error)) return false
        throw this.#translate(error)
      }
    }
    this.#compactRevision = await findCompactRevision(this.#compactRevision, revision, isReadable)
    return this.#compactRevision
  }

  /** Kept outside of the keys of the port. Everybody who finds none writes one, and the first wins. */
  async #findOrMakeStoreId(options: CallOptions): Promise<string> {
    const key = this.#keys.own('store-id')
    const { kvs } = await this.#client.read(etcdMethods.range, { key }, options)
    if (kvs[0]) return kvs[0].value.toString('utf8')
    const request = {
      compare: [{ key, target: 'VERSION', result: 'EQUAL', version: '0' } as const],
      success: [{ request_put: { key, value: Buffer.from(this.#options.random.uuid()) } }],
      failure: [],
    }
    // Whatever becomes of it, there is an id afterwards, unless the server is gone.
    await this.#client.write(etcdMethods.txn, request, options).catch((error: unknown) => {
      if (!hasCode(error, 'outcomeUnknown')) throw error
    })
    return this.#findOrMakeStoreId(options)
  }

  /** Every member answers as of a revision at least as new as any that was acknowledged before. */
  async #hasHistory(storeId: string, upTo: bigint, options: CallOptions): Promise<boolean> {
    const { kvs, header } = await this.#client.read(etcdMethods.range, { key: this.#keys.own('store-id') }, options)
    return kvs[0]?.value.toString('utf8') === storeId && BigInt(header.revision) >= upTo
  }

  async #ping(signal: AbortSignal): Promise<void> {
    const put = { request_put: { key: this.#keys.own('ping'), value: Buffer.alloc(0) } }
    await this.#client.write(etcdMethods.txn, { compare: [], success: [put], failure: [] }, { signal })
  }

  /** etcd does not say which one. */
  async #whichLeaseIsLost(request: Txn, options: CallOptions): Promise<AgolaError> {
    options.signal?.throwIfAborted()
    const ops = [...request.then, ...(request.else ?? [])]
    const leases = new Set(ops.flatMap((op) => (op.type === 'put' && op.lease !== undefined ? [op.lease] : [])))
    return leaseLost([...leases].join(' or '))
  }

  #translate(error: unknown): unknown {
    if (!isServiceError(error)) return error
    return etcdError(error, { endpoint: this.#options.endpoints.join(', '), isWrite: true })
  }
}

/** A transaction that is nothing but one put; etcd answers the plain request sooner. */
function lonePutOf({ compare, success }: TxnRequest): PutRequest | undefined {
  return compare.length === 0 && success.length === 1 ? success[0]?.request_put : undefined
}

function checkVersion(version: string): void {
  const [major = 0, minor = 0] = version.split('.').map(Number)
  const isNewEnough = major > oldestVersion[0] || (major === oldestVersion[0] && minor >= oldestVersion[1])
  if (isNewEnough) return
  throw new AgolaError('storeUnusable', `etcd ${version} is too old: ${oldestVersion.join('.')} or later is needed.`, {
    details: { version },
  })
}

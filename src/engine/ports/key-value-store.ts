import type { CallOptions } from './call-options.ts'

/** A transactional, revisioned, watchable store (spec/storage.md 13.2). Errors, all AgolaError: `keyInvalid`, `tooLarge` (limits below),
 *  `storeUnreachable` (definitely not applied), `outcomeUnknown` (may have been applied), `leaseLost`, `revisionCompacted`
 *  (details: `minRevision`), `revisionInFuture`, `storeClosed`, `storeUnusable` (wrong or damaged store; retrying will not help),
 *  `diskFull`, `storeFull` (the store's own quota is used up: it can be read, and an operator must make room). */
export interface KeyValueStore {
  /** Linearizable unless `revision` is given. */
  get(key: string, options?: CallOptions & { revision?: bigint }): Promise<GetResult>
  /** In byte order of the keys. `more` tells that `limit` cut the answer. Pages of one listing pass the revision of the first page. */
  range(query: RangeQuery, options?: CallOptions): Promise<RangeResult>
  /** All or nothing; one revision for all its writes. Nothing that changes nothing makes a revision. */
  txn(request: Txn, options?: CallOptions): Promise<TxnResult>
  /** Whole revisions in order, each once, over reconnects; ends by throwing `revisionCompacted` or `storeClosed`, or by aborting. */
  watch(query: WatchQuery, options?: CallOptions): AsyncIterable<WatchBatch>
  lease(ttlMs: number, options?: CallOptions): Promise<Lease>
  compact(revision: bigint, options?: CallOptions): Promise<void>
  status(options?: CallOptions): Promise<StoreStatus>
  /** Ends watches with `storeClosed`. Safe to call twice. */
  close(): Promise<void>
}

export interface Entry {
  /** Printable ASCII, at most 512 bytes, without a leading `/`. */
  key: string
  value: Uint8Array
  createRevision: bigint
  modRevision: bigint
  /** 1 on creation, plus 1 for every change. */
  version: number
  lease: string | null
}

export interface GetResult {
  entry: Entry | null
  revision: bigint
}

export interface RangeQuery {
  /** Every key that starts with it; '' is everything. */
  prefix: string
  /** Only keys greater than this. With `descending`: only keys less. */
  after?: string
  limit?: number
  descending?: boolean
  keysOnly?: boolean
  revision?: bigint
}

export interface RangeResult {
  entries: Entry[]
  more: boolean
  revision: bigint
}

/** An absent key has revisions and version 0, an empty value and no lease. */
export type Compare =
  | { key: string; target: 'createRevision' | 'modRevision'; operator: CompareOperator; value: bigint }
  | { key: string; target: 'version'; operator: CompareOperator; value: number }
  | { key: string; target: 'value'; operator: '=' | '!='; value: Uint8Array }
  | { key: string; target: 'lease'; operator: '=' | '!='; value: string | null }

export type CompareOperator = '=' | '!=' | '<' | '>'

export type Op =
  | { type: 'put'; key: string; value: Uint8Array; lease?: string }
  | { type: 'delete'; key: string }
  | { type: 'deletePrefix'; prefix: string }
  | { type: 'get'; key: string }

/** At most 100 compares and 100 ops in each branch, 1 MiB of values together, no key written twice. Of compares of
 *  values that an absent key meets (`= ''`, `!= 'x'`) at most 27, times the ops of `else`, whose values count once more for each. */
export interface Txn {
  compare?: Compare[]
  then: Op[]
  else?: Op[]
}

export interface TxnResult {
  succeeded: boolean
  /** The revision of the writes, or the current one when nothing was written. */
  revision: bigint
  /** One per `get` op of the branch taken, in order. */
  gets: (Entry | null)[]
}

export interface WatchQuery {
  prefix: string
  /** First revision wanted; absent: from the next one on. */
  from?: bigint
}

/** All events of one revision or of several whole ones. `events` is empty for progress: nothing happened up to `revision`. */
export interface WatchBatch {
  revision: bigint
  events: WatchEvent[]
}

export type WatchEvent = { type: 'put'; entry: Entry } | { type: 'delete'; key: string; modRevision: bigint }

/** Its keys are deleted when it is not kept alive for its time to live. */
export interface Lease {
  readonly id: string
  keepAlive(options?: CallOptions): Promise<void>
  revoke(options?: CallOptions): Promise<void>
  /** Aborted when the lease is known or must be assumed to be lost. */
  readonly lost: AbortSignal
}

export interface StoreStatus {
  /** Made when the store was made: cursors and tokens of another store are worthless. */
  storeId: string
  revision: bigint
  compactRevision: bigint
  sizeBytes: number
}

export const keyValueLimits = {
  keyBytesMax: 512,
  valueBytesMax: 1024 * 1024,
  txnOpsMax: 100,
  txnComparesMax: 100,
  /** Compares of values that an absent key meets, times the operations of `else`. */
  txnAbsentComparesMax: 27,
} as const

import { AgolaError, type ErrorCode } from '../../model/errors.ts'
import type { Txn, TxnResult } from '../../ports/key-value-store.ts'

/** What the writer of a SQLite store is asked to do. Plain data: it may cross to a worker thread. */
export type WriteRequest =
  | { type: 'txn'; txn: Txn }
  | { type: 'grant'; lease: string; ttlMs: number }
  | { type: 'renew'; lease: string }
  | { type: 'revoke'; lease: string }
  /** Nothing but what every batch begins with: leases whose time is over end. */
  | { type: 'expire' }
  /** One step of a compaction up to `revision`; to be repeated until it is done. */
  | { type: 'compact'; revision: bigint }

/** Requests that are committed together, with the time at which they were sent. */
export interface WriteBatch {
  requests: WriteRequest[]
  /** Of the machine's monotonic clock. */
  monotonicMs: number
  wallMs: number
}

export type WriteReply =
  | { type: 'done' }
  | { type: 'txn'; result: TxnResult }
  | { type: 'compacted'; finished: boolean }
  | { type: 'failed'; code: ErrorCode; message: string; details: Record<string, unknown> }

/** What the worker is started with. */
export interface WorkerSettings {
  file: string
  bootId: string
  sizeBytesMax: number | undefined
}

export type ToWorker = { type: 'batch'; id: number; batch: WriteBatch } | { type: 'close' }

export type FromWorker =
  | { type: 'ready' }
  | { type: 'replies'; id: number; replies: WriteReply[] }
  | { type: 'unusable'; reply: WriteReply }

export function failed({ code, message, details }: AgolaError): WriteReply {
  return { type: 'failed', code, message, details }
}

export function errorOf({ code, message, details }: Extract<WriteReply, { type: 'failed' }>): AgolaError {
  return new AgolaError(code, message, { details })
}

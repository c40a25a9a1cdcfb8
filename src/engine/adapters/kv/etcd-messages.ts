/** The part of etcd's gRPC interface that the key-value port needs, as it is after decoding: 64-bit integers are text. */

export interface Header {
  revision: string
}

export interface KeyValue {
  key: Buffer
  create_revision: string
  mod_revision: string
  version: string
  value: Buffer
  lease: string
}

export interface RangeRequest {
  key: Buffer
  range_end?: Buffer
  limit?: number
  revision?: string
  sort_order?: 'ASCEND' | 'DESCEND'
  keys_only?: boolean
  count_only?: boolean
}

export interface RangeResponse {
  header: Header
  kvs: KeyValue[]
  more: boolean
}

export interface CompareMessage {
  result: 'EQUAL' | 'GREATER' | 'LESS' | 'NOT_EQUAL'
  target: 'VERSION' | 'CREATE' | 'MOD' | 'VALUE' | 'LEASE'
  key: Buffer
  version?: string
  create_revision?: string
  mod_revision?: string
  value?: Uint8Array
  lease?: string
}

export interface PutRequest {
  key: Buffer
  value: Uint8Array
  lease?: string
}

export interface RequestOp {
  request_range?: RangeRequest
  request_put?: PutRequest
  request_delete_range?: { key: Buffer; range_end?: Buffer }
  request_txn?: TxnRequest
}

export interface TxnRequest {
  compare: CompareMessage[]
  success: RequestOp[]
  failure: RequestOp[]
}

export interface ResponseOp {
  response_range?: RangeResponse | null
  response_txn?: TxnResponse | null
}

export interface TxnResponse {
  header: Header | null
  succeeded: boolean
  responses: ResponseOp[]
}

export interface WatchRequest {
  create_request: {
    key: Buffer
    range_end?: Buffer
    start_revision?: string
    progress_notify?: boolean
    fragment?: boolean
    watch_id?: string
  }
}

export interface WatchResponse {
  header: Header
  watch_id: string
  created: boolean
  canceled: boolean
  compact_revision: string
  cancel_reason: string
  fragment: boolean
  events: { type: 'PUT' | 'DELETE'; kv: KeyValue }[]
}

export interface StatusResponse {
  header: Header
  version: string
  dbSize: string
  /** Alarms among them, as `memberID:… alarm:NOSPACE`. */
  errors: string[]
  /** Without what a defragmentation would give back. */
  dbSizeInUse: string
}

import type { MethodDefinition, ServiceDefinition } from '@grpc/grpc-js'
import { fromJSON, type Options } from '@grpc/proto-loader'
import type {
  Header,
  PutRequest,
  RangeRequest,
  RangeResponse,
  StatusResponse,
  TxnRequest,
  TxnResponse,
  WatchRequest,
  WatchResponse,
} from './etcd-messages.ts'

/** etcd's interface as a descriptor in code, so that a bundle needs no file beside it. Field numbers are etcd's, names too. */

type Fields = Record<string, readonly [id: number, type: string, rule?: 'repeated']>

function message(fields: Fields, oneofs: Record<string, string[]> = {}) {
  const entries = Object.entries(fields).map(([name, [id, type, rule]]) => [
    name,
    rule ? { id, type, rule } : { id, type },
  ])
  const oneof = Object.entries(oneofs).map(([name, members]) => [name, { oneof: members }])
  return { fields: Object.fromEntries(entries), oneofs: Object.fromEntries(oneof) }
}

function enumeration(...names: string[]) {
  return { values: Object.fromEntries(names.map((name, value) => [name, value])) }
}

function service(methods: Record<string, readonly [request: string, response: string, isStream?: boolean]>) {
  const entries = Object.entries(methods).map(([name, [requestType, responseType, stream = false]]) => [
    name,
    { requestType, responseType, requestStream: stream, responseStream: stream },
  ])
  return { methods: Object.fromEntries(entries) }
}

const header = { header: [1, 'ResponseHeader'] } as const

const descriptor = {
  nested: {
    mvccpb: {
      nested: {
        KeyValue: message({
          key: [1, 'bytes'],
          create_revision: [2, 'int64'],
          mod_revision: [3, 'int64'],
          version: [4, 'int64'],
          value: [5, 'bytes'],
          lease: [6, 'int64'],
        }),
        EventType: enumeration('PUT', 'DELETE'),
        Event: message({ type: [1, 'EventType'], kv: [2, 'KeyValue'] }),
      },
    },
    etcdserverpb: {
      nested: {
        KV: service({
          Range: ['RangeRequest', 'RangeResponse'],
          Put: ['PutRequest', 'PutResponse'],
          Txn: ['TxnRequest', 'TxnResponse'],
          Compact: ['CompactionRequest', 'CompactionResponse'],
        }),
        Watch: service({ Watch: ['WatchRequest', 'WatchResponse', true] }),
        Lease: service({
          LeaseGrant: ['LeaseGrantRequest', 'LeaseGrantResponse'],
          LeaseRevoke: ['LeaseRevokeRequest', 'LeaseRevokeResponse'],
          LeaseKeepAlive: ['LeaseKeepAliveRequest', 'LeaseKeepAliveResponse', true],
        }),
        Maintenance: service({ Status: ['StatusRequest', 'StatusResponse'] }),
        Auth: service({ Authenticate: ['AuthenticateRequest', 'AuthenticateResponse'] }),
        // Nobody reads the ids of the cluster and the member, and to write them as text would cost more than all the rest of an answer.
        ResponseHeader: message({ revision: [3, 'int64'] }),
        SortOrder: enumeration('NONE', 'ASCEND', 'DESCEND'),
        RangeRequest: message({
          key: [1, 'bytes'],
          range_end: [2, 'bytes'],
          limit: [3, 'int64'],
          revision: [4, 'int64'],
          sort_order: [5, 'SortOrder'],
          keys_only: [8, 'bool'],
          count_only: [9, 'bool'],
        }),
        RangeResponse: message({ ...header, kvs: [2, 'mvccpb.KeyValue', 'repeated'], more: [3, 'bool'] }),
        PutRequest: message({ key: [1, 'bytes'], value: [2, 'bytes'], lease: [3, 'int64'] }),
        PutResponse: message(header),
        DeleteRangeRequest: message({ key: [1, 'bytes'], range_end: [2, 'bytes'] }),
        DeleteRangeResponse: message({ ...header, deleted: [2, 'int64'] }),
        RequestOp: message(
          {
            request_range: [1, 'RangeRequest'],
            request_put: [2, 'PutRequest'],
            request_delete_range: [3, 'DeleteRangeRequest'],
            request_txn: [4, 'TxnRequest'],
          },
          { request: ['request_range', 'request_put', 'request_delete_range', 'request_txn'] },
        ),
        ResponseOp: message(
          {
            response_range: [1, 'RangeResponse'],
            response_put: [2, 'PutResponse'],
            response_delete_range: [3, 'DeleteRangeResponse'],
            response_txn: [4, 'TxnResponse'],
          },
          { response: ['response_range', 'response_put', 'response_delete_range', 'response_txn'] },
        ),
        CompareResult: enumeration('EQUAL', 'GREATER', 'LESS', 'NOT_EQUAL'),
        CompareTarget: enumeration('VERSION', 'CREATE', 'MOD', 'VALUE', 'LEASE'),
        Compare: message(
          {
            result: [1, 'CompareResult'],
            target: [2, 'CompareTarget'],
            key: [3, 'bytes'],
            version: [4, 'int64'],
            create_revision: [5, 'int64'],
            mod_revision: [6, 'int64'],
            value: [7, 'bytes'],
            lease: [8, 'int64'],
          },
          { target_union: ['version', 'create_revision', 'mod_revision', 'value', 'lease'] },
        ),
        TxnRequest: message({
          compare: [1, 'Compare', 'repeated'],
          success: [2, 'RequestOp', 'repeated'],
          failure: [3, 'RequestOp', 'repeated'],
        }),
        TxnResponse: message({ ...header, succeeded: [2, 'bool'], responses: [3, 'ResponseOp', 'repeated'] }),
        CompactionRequest: message({ revision: [1, 'int64'], physical: [2, 'bool'] }),
        CompactionResponse: message(header),
        WatchRequest: message({ create_request: [1, 'WatchCreateRequest'] }, { request_union: ['create_request'] }),
        WatchCreateRequest: message({
          key: [1, 'bytes'],
          range_end: [2, 'bytes'],
          start_revision: [3, 'int64'],
          progress_notify: [4, 'bool'],
          watch_id: [7, 'int64'],
          fragment: [8, 'bool'],
        }),
        WatchResponse: message({
          ...header,
          watch_id: [2, 'int64'],
          created: [3, 'bool'],
          canceled: [4, 'bool'],
          compact_revision: [5, 'int64'],
          cancel_reason: [6, 'string'],
          fragment: [7, 'bool'],
          events: [11, 'mvccpb.Event', 'repeated'],
        }),
        LeaseGrantRequest: message({ TTL: [1, 'int64'], ID: [2, 'int64'] }),
        LeaseGrantResponse: message({ ...header, ID: [2, 'int64'], TTL: [3, 'int64'], error: [4, 'string'] }),
        LeaseRevokeRequest: message({ ID: [1, 'int64'] }),
        LeaseRevokeResponse: message(header),
        LeaseKeepAliveRequest: message({ ID: [1, 'int64'] }),
        LeaseKeepAliveResponse: message({ ...header, ID: [2, 'int64'], TTL: [3, 'int64'] }),
        StatusRequest: message({}),
        StatusResponse: message({
          ...header,
          version: [2, 'string'],
          dbSize: [3, 'int64'],
          errors: [8, 'string', 'repeated'],
          dbSizeInUse: [9, 'int64'],
        }),
        AuthenticateRequest: message({ name: [1, 'string'], password: [2, 'string'] }),
        AuthenticateResponse: message({ ...header, token: [2, 'string'] }),
      },
    },
  },
}

const decoding: Options = { keepCase: true, longs: String, enums: String, defaults: true }
const definitions = fromJSON(descriptor, decoding)

export type Method<Request, Response> = MethodDefinition<Request, Response>

/** The descriptor above is what makes these types true: the library decodes by it and by nothing else. */
function method<Request, Response>(serviceName: string, name: string): Method<Request, Response> {
  const found = (definitions[`etcdserverpb.${serviceName}`] as ServiceDefinition)[name]
  if (found === undefined) throw new Error(`etcd has no ${serviceName}.${name}.`)
  return found as Method<Request, Response>
}

export const etcdMethods = {
  range: method<RangeRequest, RangeResponse>('KV', 'Range'),
  put: method<PutRequest, { header: Header }>('KV', 'Put'),
  txn: method<TxnRequest, TxnResponse>('KV', 'Txn'),
  compact: method<{ revision: string }, { header: Header }>('KV', 'Compact'),
  watch: method<WatchRequest, WatchResponse>('Watch', 'Watch'),
  leaseGrant: method<{ TTL: number }, { ID: string; TTL: string }>('Lease', 'LeaseGrant'),
  leaseRevoke: method<{ ID: string }, { header: Header }>('Lease', 'LeaseRevoke'),
  leaseKeepAlive: method<{ ID: string }, { ID: string; TTL: string }>('Lease', 'LeaseKeepAlive'),
  status: method<Record<string, never>, StatusResponse>('Maintenance', 'Status'),
  authenticate: method<{ name: string; password: string }, { token: string }>('Auth', 'Authenticate'),
}

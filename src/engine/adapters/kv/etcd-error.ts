import { type ServiceError, status } from '@grpc/grpc-js'
import { AgolaError, type ErrorCode } from '../../model/errors.ts'

/** Texts of the gRPC library for calls that never left this process, and of etcd for calls that it refused at its door. */
const neverApplied =
  /No connection established|^Name resolution failed|^Channel closed before call started|^Stream refused by server|^Picked subchannel|^etcdserver: (no leader|not capable|unhealthy cluster)/
const badCertificate =
  /certificate|self.signed|SSL routines|wrong version number|ERR_SSL|ERR_TLS|unable to verify|altname/i
/** What an operator does about a store that is full; nothing here does it by itself. */
export const makeRoom =
  'Compact it, defragment every member and disarm the alarm NOSPACE with etcdctl, or raise --quota-backend-bytes.'

/** The connection was closed in the middle of its greeting: by a server that dies just now, or by one that expects the other scheme. */
const closedInGreeting = /before secure TLS connection was established|read ECONNRESET|Last error: Failed to connect/
const badCredentials = /authentication failed|user name is empty|user name not found|permission denied|role not found/i

export function isServiceError(error: unknown): error is ServiceError {
  return error instanceof Error && 'code' in error && typeof error.code === 'number' && 'details' in error
}

/** The token of this client has run out, or the server has forgotten it in a restart. Refused before anything was done. */
export function isTokenRefused(error: unknown): boolean {
  if (!isServiceError(error)) return false
  return (
    error.code === status.UNAUTHENTICATED ||
    /invalid auth token|auth token is not valid|revision of auth store is old/i.test(error.details)
  )
}

/** Translates an error of a call (spec/storage.md 13.4). `isWrite` decides what a silent end means: a read has changed nothing. */
export function etcdError(error: unknown, { endpoint, isWrite }: { endpoint: string; isWrite: boolean }): AgolaError {
  if (error instanceof AgolaError) return error
  if (!isServiceError(error))
    return new AgolaError('assertionFailed', `The call to etcd at ${endpoint} failed.`, { cause: error })
  const text = error.details
  const make = (code: ErrorCode, message: string) =>
    new AgolaError(code, `${message} etcd at ${endpoint} says: ${text}`, { cause: error, details: { endpoint } })
  if (badCredentials.test(text) || error.code === status.PERMISSION_DENIED || error.code === status.UNAUTHENTICATED) {
    return make('storeUnusable', 'etcd does not accept the user, the password or the rights of the user.')
  }
  switch (error.code) {
    case status.RESOURCE_EXHAUSTED:
      if (/space exceeded/.test(text))
        return make('storeFull', `etcd is out of space, so nothing can be written. ${makeRoom}`)
      return /too many requests/.test(text)
        ? make('storeUnreachable', 'etcd is overloaded.')
        : make('tooLarge', 'A request or an answer is too large for etcd.')
    case status.INVALID_ARGUMENT:
      return /too large/.test(text)
        ? make('tooLarge', 'A request is too large for etcd.')
        : make('assertionFailed', 'etcd refused a request.')
    case status.FAILED_PRECONDITION:
    case status.OUT_OF_RANGE:
    case status.NOT_FOUND:
    case status.UNIMPLEMENTED:
      return make('storeUnusable', 'etcd refused a request.')
    default:
      return endedWithoutAnswer(error, isWrite, make)
  }
}

function endedWithoutAnswer(
  { code, details }: ServiceError,
  isWrite: boolean,
  make: (code: ErrorCode, message: string) => AgolaError,
): AgolaError {
  if (code === status.UNAVAILABLE && neverApplied.test(details)) {
    if (badCertificate.test(details))
      return make('storeUnusable', 'The TLS connection to etcd failed: check the CA, the certificate and the scheme.')
    if (closedInGreeting.test(details))
      return make('storeUnreachable', 'etcd ends connections at once: check that http or https is right for it.')
    return make('storeUnreachable', 'etcd cannot be reached.')
  }
  if (isWrite)
    return make('outcomeUnknown', 'The connection to etcd ended before its answer, so the change may have been made.')
  return make('storeUnreachable', 'etcd does not answer.')
}

export function isCompactedError(error: unknown): boolean {
  return isServiceError(error) && error.code === status.OUT_OF_RANGE && /compacted/.test(error.details)
}

export function isFutureError(error: unknown): boolean {
  return isServiceError(error) && error.code === status.OUT_OF_RANGE && /future/.test(error.details)
}

export function isLeaseNotFound(error: unknown): boolean {
  return isServiceError(error) && error.code === status.NOT_FOUND && /lease not found/.test(error.details)
}

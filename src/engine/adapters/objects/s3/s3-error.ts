import { AgolaError, type ErrorCode, messageOf } from '../../../model/errors.ts'

const codesByName: Record<string, ErrorCode> = {
  NoSuchBucket: 'storeUnusable',
  EntityTooLarge: 'tooLarge',
  InsufficientStorage: 'diskFull',
  QuotaExceeded: 'diskFull',
  XMinioStorageFull: 'diskFull',
  RequestTimeTooSkewed: 'storeUnusable',
  SlowDown: 'storeUnreachable',
  // S3 has waited for bytes that did not come; it says so with status 400.
  RequestTimeout: 'storeUnreachable',
}

const hints: Record<string, string> = {
  NoSuchBucket: 'the bucket does not exist; create it or correct its name',
  RequestTimeTooSkewed: 'the clocks of this host and of the store differ too much; set them right',
  InvalidAccessKeyId: 'the access key is not known there; check the credentials',
  SignatureDoesNotMatch: 'the secret key does not fit; check the credentials',
  AccessDenied: 'these credentials may not do that; check the bucket policy',
}

/** What an S3 answer says, read from the library's error without trusting its shape. */
export interface S3Failure {
  /** Error code of the answer, or the name of a network error. */
  name: string
  /** 0 when there was no answer. */
  status: number
  /** How often the library has tried. */
  attempts: number
}

export function s3Failure(error: unknown): S3Failure {
  const failure = { name: '', status: 0, attempts: 1 }
  if (!(error instanceof Error)) return failure
  failure.name = 'Code' in error && typeof error.Code === 'string' ? error.Code : error.name
  const metadata: unknown = '$metadata' in error ? error.$metadata : undefined
  if (typeof metadata !== 'object' || metadata === null) return failure
  if ('httpStatusCode' in metadata && typeof metadata.httpStatusCode === 'number')
    failure.status = metadata.httpStatusCode
  if ('attempts' in metadata && typeof metadata.attempts === 'number') failure.attempts = metadata.attempts
  return failure
}

/** A library error as the port's error (spec/storage.md 13.6). Not-found and precondition answers are for the caller to judge. */
export function s3Error(action: string, error: unknown): unknown {
  if (error instanceof AgolaError || !isOfLibrary(error)) return error
  const { name, status } = s3Failure(error)
  const hint = hints[name] === undefined ? '' : `: ${hints[name]}`
  return new AgolaError(codeOf(name, status), `S3 store cannot ${action}${hint} (${describe(error, name, status)})`, {
    details: { s3Code: name, httpStatus: status },
    cause: error,
  })
}

function codeOf(name: string, status: number): ErrorCode {
  const known = codesByName[name]
  if (known !== undefined) return known
  if (status === 0 || status === 408 || status === 429 || status >= 500)
    return status === 507 ? 'diskFull' : 'storeUnreachable'
  return 'storeUnusable'
}

/** Errors of a failing source or of an aborted call are somebody else's: they pass unchanged. */
function isOfLibrary(error: unknown): boolean {
  return (
    error instanceof Error &&
    ('$metadata' in error || '$response' in error || 'syscall' in error || error.name === 'TimeoutError')
  )
}

function describe(error: unknown, name: string, status: number): string {
  return status === 0 ? messageOf(error) : `${name}, HTTP ${status}`
}

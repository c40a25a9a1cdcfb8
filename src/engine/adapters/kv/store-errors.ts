import { AgolaError } from '../../model/errors.ts'

/** `minRevision` is the first revision that can still be asked for: read at, or watched from. */
export function revisionCompacted(asked: bigint, minRevision: bigint): AgolaError {
  const message = `Revision ${asked} is compacted away; the oldest one available is ${minRevision}.`
  return new AgolaError('revisionCompacted', message, { details: { minRevision: String(minRevision) } })
}

export function revisionInFuture(asked: bigint, revision: bigint): AgolaError {
  const message = `Revision ${asked} does not exist yet; the store is at ${revision}. It may have been restored from a backup.`
  return new AgolaError('revisionInFuture', message, { details: { revision: String(revision) } })
}

export function storeClosed(): AgolaError {
  return new AgolaError('storeClosed', 'The key-value store is closed.')
}

export function leaseLost(id: string): AgolaError {
  return new AgolaError('leaseLost', `The lease ${id} has expired or was revoked.`, { details: { lease: id } })
}

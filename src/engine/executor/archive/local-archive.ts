import { createWriteStream } from 'node:fs'
import { link, rm } from 'node:fs/promises'
import { dirname } from 'node:path'
import type { Readable } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import { makeDirectory } from '../../std/make-directory.ts'

/** An archive as ports give it. */
export interface ArchiveContentSource {
  /** Where it lies on this host, finished, if it does. */
  file?: string
  stream(): Readable
}

/** Calls `work` with a file of this host that holds the archive. It is linked or written to `spool`, which is removed after: an archive
 *  is read twice, once for its names and once for its contents. */
export async function withLocalArchive<T>(
  source: ArchiveContentSource,
  spool: string,
  signal: AbortSignal,
  work: (file: string) => Promise<T>,
): Promise<T> {
  try {
    await makeDirectory(dirname(spool), { mode: 0o700 })
    if (source.file !== undefined && (await isLinked(source.file, spool))) {
      source.stream().destroy()
      return await work(spool)
    }
    const target = createWriteStream(spool, { mode: 0o600, highWaterMark: 1024 * 1024 })
    await pipeline(source.stream(), target, { signal })
    return await work(spool)
  } finally {
    await rm(spool, { force: true })
  }
}

/** A second name keeps the file while it is read, whoever deletes the first. false where that cannot be: it is copied then. */
async function isLinked(file: string, spool: string): Promise<boolean> {
  try {
    await link(file, spool)
    return true
  } catch (error) {
    if (!(error instanceof Error && 'code' in error)) throw error
    return false
  }
}

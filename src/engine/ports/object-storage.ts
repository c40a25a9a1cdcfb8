import type { Readable } from 'node:stream'
import type { TimeMs } from '../model/ids.ts'
import type { CallOptions } from './call-options.ts'

/** Named blobs with atomic writes (spec/storage.md 2, 13.6). Errors, all AgolaError: `objectKeyInvalid`, `objectDoesNotExist`, `objectExists`,
 *  `tooLarge`, `badrequest` kinds for the caller; `storeUnreachable`, `storeUnusable`, `diskFull` for the store. What
 *  the source of a put fails with passes unchanged. */
export interface ObjectStorage {
  stat(key: string, options?: CallOptions): Promise<ObjectInfo>
  /** `end` is exclusive. The stream fails when the object is damaged or the store goes away. */
  get(key: string, options?: CallOptions & { range?: { start: number; end?: number } }): Promise<Readable>
  /** Where an object lies on this host, for readers that would copy it otherwise; it may be deleted at any time. Absent where objects
   *  are no files. */
  filePath?(key: string): string
  /** Readers see the old object or the whole new one, never a part; a failed or aborted put leaves nothing. */
  put(key: string, source: ObjectSource, options?: PutOptions): Promise<ObjectInfo>
  /** Succeeds when it is missing. */
  delete(key: string, options?: CallOptions): Promise<void>
  /** Ascending byte order of keys. `recursive: false` leaves out keys with a `/` after the prefix. */
  list(query: ListQuery, options?: CallOptions): AsyncIterable<ObjectInfo>
  /** Rejects when the store cannot be used, saying why. */
  health(options?: CallOptions): Promise<void>
}

export interface ObjectInfo {
  key: string
  sizeBytes: number
  modificationTime: TimeMs
}

/** `file`: a finished file of this host on which nobody writes any more; an implementation may link it instead of copying. */
export type ObjectSource = Uint8Array | AsyncIterable<Uint8Array> | { file: string }

export interface PutOptions extends CallOptions {
  /** Exactly so many bytes are taken from the source, the rest stays unread; a shorter source is an error. Absent: to its end. */
  sizeBytes?: number
  /** Limit for a source without a size; default 1 GiB. */
  sizeBytesMax?: number
  /** On stable storage before it resolves. */
  persist?: boolean
  /** `objectExists` when the key is there already; decided atomically with the publication. */
  ifAbsent?: boolean
}

export interface ListQuery {
  /** Plain string prefix, not a folder. */
  prefix: string
  /** Only keys strictly greater. */
  after?: string
  recursive?: boolean
}

export const unsizedObjectBytesMax = 1024 * 1024 * 1024

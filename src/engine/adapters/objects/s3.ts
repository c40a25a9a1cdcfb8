import { createReadStream } from 'node:fs'
import { stat } from 'node:fs/promises'
import { Readable } from 'node:stream'
import type { CallOptions } from '../../ports/call-options.ts'
import type { Clock } from '../../ports/clock.ts'
import type { Log } from '../../ports/log.ts'
import type { ListQuery, ObjectInfo, ObjectSource, ObjectStorage, PutOptions } from '../../ports/object-storage.ts'
import { listFilter } from './list-query.ts'
import { missingObject, objectExists } from './missing-object.ts'
import { checkObjectKey } from './object-key.ts'
import { Bucket } from './s3/bucket.ts'
import { type ByteRange, Downloads } from './s3/download.ts'
import { lookAhead, partsOf } from './s3/parts.ts'
import { S3Calls, type S3Settings } from './s3/s3-calls.ts'
import { s3Error, s3Failure } from './s3/s3-error.ts'
import { Uploads } from './s3/upload.ts'
import { sizeToTake, takeBytes } from './take-bytes.ts'

const mebibyte = 1024 * 1024
const wholeBytesMax = 16 * mebibyte
const partBytes = 8 * mebibyte
const largePartBytes = 16 * mebibyte
/** 10,000 parts of 8 MiB would not hold more. */
const smallPartsBytesMax = 64 * 1024 * mebibyte

export interface S3ObjectStorageOptions extends S3Settings {
  clock: Clock
  log: Log
  /** Keys a listing asks for at a time. */
  pageSize?: number
}

/** Makes the bucket when it is missing. `storeUnusable` for wrong settings or credentials, `storeUnreachable` when nobody answers. */
export async function openS3ObjectStorage(
  options: S3ObjectStorageOptions,
  call: CallOptions = {},
): Promise<S3ObjectStorage> {
  const calls = await S3Calls.open(options)
  const storage = new S3ObjectStorage(calls, options)
  await storage.bucket.ensure(options.region, call.signal)
  return storage
}

export class S3ObjectStorage implements ObjectStorage {
  readonly bucket: Bucket
  readonly #calls: S3Calls
  readonly #uploads: Uploads
  readonly #downloads: Downloads
  readonly #clock: Clock
  readonly #pageSize: number

  constructor(calls: S3Calls, { clock, log, pageSize = 1000 }: S3ObjectStorageOptions) {
    this.#calls = calls
    this.bucket = new Bucket(calls, clock)
    this.#uploads = new Uploads(calls, log)
    this.#downloads = new Downloads(calls)
    this.#clock = clock
    this.#pageSize = pageSize
  }

  async stat(key: string, { signal }: CallOptions = {}): Promise<ObjectInfo> {
    checkObjectKey(key)
    const info = await this.#find(key, signal)
    if (info === null) throw missingObject(key)
    return info
  }

  async get(key: string, { range, signal }: CallOptions & { range?: ByteRange } = {}): Promise<Readable> {
    checkObjectKey(key)
    if (range?.end !== undefined && range.end <= range.start) {
      await this.stat(key, { signal })
      return Readable.from([], { objectMode: false })
    }
    try {
      return await this.#downloads.open(key, range ?? { start: 0 }, signal)
    } catch (error) {
      const { name, status } = s3Failure(error)
      if (status === 416) return Readable.from([], { objectMode: false })
      if (status === 404 && name !== 'NoSuchBucket') throw missingObject(key, error)
      throw s3Error(`read "${key}"`, error)
    }
  }

  async put(key: string, source: ObjectSource, options: PutOptions = {}): Promise<ObjectInfo> {
    const { signal, ifAbsent = false } = options
    signal?.throwIfAborted()
    checkObjectKey(key)
    // Saves the upload of what is refused in the end, and is all there is on servers without conditional writes.
    if (ifAbsent && (await this.#find(key, signal)) !== null) throw objectExists(key)
    const sizeBytes = await this.#write(key, source, options)
    return { key, sizeBytes, modificationTime: this.#clock.now() }
  }

  async delete(key: string, { signal }: CallOptions = {}): Promise<void> {
    checkObjectKey(key)
    const { library, bucket } = this.#calls
    await this.#calls.call(`delete "${key}"`, signal, (client, options) =>
      client.send(new library.DeleteObjectCommand({ Bucket: bucket, Key: key }), options),
    )
  }

  async *list(query: ListQuery, { signal }: CallOptions = {}): AsyncGenerator<ObjectInfo, void, undefined> {
    const { prefix, after, recursive } = listFilter(query)
    const { library, bucket } = this.#calls
    const input = {
      Bucket: bucket,
      MaxKeys: this.#pageSize,
      Prefix: prefix,
      ...(after === '' ? {} : { StartAfter: after }),
      ...(recursive ? {} : { Delimiter: '/' }),
    }
    let token: string | undefined
    do {
      const page = await this.#calls.call(`list "${prefix}"`, signal, (client, options) =>
        client.send(
          new library.ListObjectsV2Command({ ...input, ...(token && { ContinuationToken: token }) }),
          options,
        ),
      )
      for (const { Key = '', Size = 0, LastModified } of page.Contents ?? []) {
        // Folder markers of other programs are no objects of ours.
        if (Key.endsWith('/')) continue
        yield { key: Key, sizeBytes: Size, modificationTime: LastModified?.getTime() ?? 0 }
      }
      token = page.IsTruncated === true ? page.NextContinuationToken : undefined
    } while (token !== undefined)
  }

  async health({ signal }: CallOptions = {}): Promise<void> {
    await this.bucket.check(signal)
  }

  /** Ends the connections that are kept open for the next call. */
  close(): void {
    this.#calls.close()
  }

  async #find(key: string, signal: AbortSignal | undefined): Promise<ObjectInfo | null> {
    const { library, bucket } = this.#calls
    try {
      const head = await this.#calls.raw(signal, (client, options) =>
        client.send(new library.HeadObjectCommand({ Bucket: bucket, Key: key }), options),
      )
      return { key, sizeBytes: head.ContentLength ?? 0, modificationTime: head.LastModified?.getTime() ?? 0 }
    } catch (error) {
      signal?.throwIfAborted()
      if (s3Failure(error).status !== 404) throw s3Error(`look at "${key}"`, error)
      await this.bucket.checkAgain(signal)
      return null
    }
  }

  async #write(key: string, source: ObjectSource, options: PutOptions): Promise<number> {
    const request = { key, ifAbsent: options.ifAbsent ?? false, signal: options.signal }
    const { chunks, sizeBytes } = await openSource(key, source, options)
    const parts = partsOf(chunks, partBytesFor(sizeBytes, options.sizeBytesMax))
    try {
      const { first, all } = await lookAhead(parts)
      if (all !== null) return await this.#uploads.inParts(all, request)
      const bytes = first?.bytes ?? new Uint8Array()
      await this.#uploads.whole(bytes, request)
      return bytes.length
    } finally {
      // Ends the source when an upload failed before it had read all of it.
      await parts.return()
    }
  }
}

function partBytesFor(sizeBytes: number | undefined, sizeBytesMax = 0): number {
  if (sizeBytes !== undefined && sizeBytes <= wholeBytesMax) return Math.max(sizeBytes, 1)
  return (sizeBytes ?? sizeBytesMax) > smallPartsBytesMax ? largePartBytes : partBytes
}

async function openSource(
  key: string,
  source: ObjectSource,
  options: PutOptions,
): Promise<{ chunks: AsyncIterable<Uint8Array>; sizeBytes: number | undefined }> {
  if (source instanceof Uint8Array) {
    const bytes = source.subarray(0, sizeToTake(key, source.length, options))
    return { chunks: takeBytes(key, iterate(bytes), { ...options, sizeBytes: bytes.length }), sizeBytes: bytes.length }
  }
  if (!('file' in source)) return { chunks: takeBytes(key, source, options), sizeBytes: options.sizeBytes }
  const sizeBytes = sizeToTake(key, (await stat(source.file)).size, options)
  const file =
    sizeBytes === 0
      ? iterate(new Uint8Array())
      : createReadStream(source.file, { end: sizeBytes - 1, highWaterMark: mebibyte })
  return { chunks: takeBytes(key, file, { ...options, sizeBytes }), sizeBytes }
}

async function* iterate(bytes: Uint8Array): AsyncGenerator<Uint8Array> {
  yield bytes
}

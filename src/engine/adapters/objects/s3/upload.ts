import { createHash } from 'node:crypto'
import { AgolaError, messageOf } from '../../../model/errors.ts'
import type { Log } from '../../../ports/log.ts'
import { objectExists } from '../missing-object.ts'
import type { Part } from './parts.ts'
import type { S3Calls } from './s3-calls.ts'
import { s3Error, s3Failure } from './s3-error.ts'

const contentType = 'application/octet-stream'
const partsAtOnceMax = 2
const cleanUpMsMax = 30_000

export interface UploadRequest {
  key: string
  ifAbsent: boolean
  signal: AbortSignal | undefined
}

/** Writes objects, in one request or in parts (spec/storage.md 13.6). */
export class Uploads {
  readonly #calls: S3Calls
  readonly #log: Log

  constructor(calls: S3Calls, log: Log) {
    this.#calls = calls
    this.#log = log
  }

  async whole(bytes: Uint8Array, { key, ifAbsent, signal }: UploadRequest): Promise<void> {
    const { library, bucket } = this.#calls
    const send = (condition: { IfNoneMatch?: string }): Promise<unknown> =>
      this.#calls.raw(signal, (client, options) => {
        const input = { Bucket: bucket, Key: key, Body: bytes, ContentLength: bytes.length, ContentType: contentType }
        return client.send(new library.PutObjectCommand({ ...input, ...condition }), options)
      })
    const etag = createHash('md5').update(bytes).digest('hex')
    await this.#publish({ key, ifAbsent, signal }, etag, send)
  }

  /** `parts` in order, with what was already taken of them; each is released when the server has it. A failure removes all of them. */
  async inParts(parts: AsyncIterable<Part>, request: UploadRequest): Promise<number> {
    const { library, bucket } = this.#calls
    const { key, signal } = request
    const { UploadId } = await this.#calls.call(`start to write "${key}"`, signal, (client, options) =>
      client.send(
        new library.CreateMultipartUploadCommand({ Bucket: bucket, Key: key, ContentType: contentType }),
        options,
      ),
    )
    if (UploadId === undefined)
      throw new AgolaError('storeUnusable', 'the S3 store started an upload without naming it')
    try {
      const { etags, sizeBytes } = await this.#sendParts(parts, UploadId, request)
      const Parts = etags.map((ETag, index) => ({ ETag, PartNumber: index + 1 }))
      const complete = { Bucket: bucket, Key: key, UploadId, MultipartUpload: { Parts } }
      await this.#publish(request, etagOfParts(etags), (condition) =>
        this.#calls.raw(signal, (client, options) =>
          client.send(new library.CompleteMultipartUploadCommand({ ...complete, ...condition }), options),
        ),
      )
      return sizeBytes
    } catch (error) {
      await this.#abandon(key, UploadId)
      throw error
    }
  }

  async #sendParts(
    parts: AsyncIterable<Part>,
    uploadId: string,
    { key, signal }: UploadRequest,
  ): Promise<{ etags: string[]; sizeBytes: number }> {
    const { library, bucket } = this.#calls
    const etags: string[] = []
    const sending = new Set<Promise<void>>()
    const failed = new AbortController()
    const partSignal = signal === undefined ? failed.signal : AbortSignal.any([signal, failed.signal])
    let sizeBytes = 0
    let partNumber = 0
    const send = async (part: Part, number: number): Promise<void> => {
      const input = { Bucket: bucket, Key: key, UploadId: uploadId, PartNumber: number, Body: part.bytes }
      const { ETag = '' } = await this.#calls.call(`write part ${number} of "${key}"`, partSignal, (client, options) =>
        client.send(new library.UploadPartCommand({ ...input, ContentLength: part.bytes.length }), options),
      )
      etags[number - 1] = ETag
      part.release()
    }
    try {
      for await (const part of parts) {
        sizeBytes += part.bytes.length
        partNumber++
        const sent: Promise<void> = send(part, partNumber).finally(() => sending.delete(sent))
        // Awaited below; a failure before that must not count as unhandled.
        sent.catch(() => undefined)
        sending.add(sent)
        if (sending.size >= partsAtOnceMax) await Promise.race(sending)
      }
      await Promise.all(sending)
    } catch (error) {
      failed.abort(error)
      await Promise.allSettled(sending)
      throw error
    }
    return { etags, sizeBytes }
  }

  /** The request that makes the object visible. A server that does not know the condition gets it without: the caller has looked before. */
  async #publish(
    request: UploadRequest,
    etag: string,
    send: (condition: { IfNoneMatch?: string }) => Promise<unknown>,
  ): Promise<void> {
    const { key, ifAbsent } = request
    try {
      await send(ifAbsent ? { IfNoneMatch: '*' } : {})
    } catch (error) {
      const { name, status, attempts } = s3Failure(error)
      const mayHaveWorked = attempts > 1 && (status === 412 || name === 'NoSuchUpload')
      if (mayHaveWorked && (await this.#isStored(request, etag))) return
      if (status === 412 || name === 'ConditionalRequestConflict') throw objectExists(key, error)
      if (ifAbsent && status === 501) return this.#publish({ ...request, ifAbsent: false }, etag, send)
      throw s3Error(`write "${key}"`, error)
    }
  }

  /** Whether the object is ours already: the answer of an earlier try was lost, and a repeated one meets its own effect. */
  async #isStored({ key, signal }: UploadRequest, etag: string): Promise<boolean> {
    const { library, bucket } = this.#calls
    try {
      const stored = await this.#calls.raw(signal, (client, options) =>
        client.send(new library.HeadObjectCommand({ Bucket: bucket, Key: key }), options),
      )
      return stored.ETag?.replaceAll('"', '') === etag
    } catch (error) {
      if (s3Failure(error).status === 404) return false
      throw s3Error(`look at "${key}"`, error)
    }
  }

  /** With a time limit of its own, since the caller's signal may be what ended the upload. */
  async #abandon(key: string, uploadId: string): Promise<void> {
    const { library, bucket } = this.#calls
    try {
      await this.#calls.raw(AbortSignal.timeout(cleanUpMsMax), (client, options) =>
        client.send(new library.AbortMultipartUploadCommand({ Bucket: bucket, Key: key, UploadId: uploadId }), options),
      )
    } catch (error) {
      if (s3Failure(error).status === 404) return
      this.#log.warn('parts of a failed upload stay until the sweep', { key, uploadId, error: messageOf(error) })
    }
  }
}

/** How S3 names an object of several parts, as long as it names each part by its MD5 sum. */
function etagOfParts(etags: string[]): string {
  const sums = etags.map((etag) => Buffer.from(etag.replaceAll('"', ''), 'hex'))
  return `${createHash('md5').update(Buffer.concat(sums)).digest('hex')}-${etags.length}`
}

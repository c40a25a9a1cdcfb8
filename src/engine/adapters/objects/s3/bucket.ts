import type { BucketLocationConstraint } from '@aws-sdk/client-s3'
import type { Clock } from '../../../ports/clock.ts'
import type { S3Calls } from './s3-calls.ts'
import { s3Error, s3Failure } from './s3-error.ts'

const trustMs = 10_000
const uploadAgeMsMax = 24 * 60 * 60 * 1000

/** The bucket as such. A missing one answers 404 like a missing object, and must never be taken for it. */
export class Bucket {
  readonly #calls: S3Calls
  readonly #clock: Clock
  #seenMs: number | null = null

  constructor(calls: S3Calls, clock: Clock) {
    this.#calls = calls
    this.#clock = clock
  }

  /** Rejects when the bucket is missing or not ours to use. */
  async check(signal: AbortSignal | undefined): Promise<void> {
    const problem = await this.#look(signal)
    if (problem !== null) throw this.#refusal(problem)
  }

  /** The same, at most once in ten seconds. */
  async checkAgain(signal: AbortSignal | undefined): Promise<void> {
    if (this.#seenMs !== null && this.#clock.monotonicMs() - this.#seenMs < trustMs) return
    await this.check(signal)
  }

  /** Makes it when it is missing. */
  async ensure(region: string | undefined, signal: AbortSignal | undefined): Promise<void> {
    const problem = await this.#look(signal)
    if (problem === null) return
    if (s3Failure(problem).status !== 404) throw this.#refusal(problem)
    const { library, bucket } = this.#calls
    // The library's list of regions is Amazon's; other stores have their own.
    const place =
      region === undefined || region === 'us-east-1' ? {} : { LocationConstraint: region as BucketLocationConstraint }
    try {
      await this.#calls.raw(signal, (client, options) =>
        client.send(new library.CreateBucketCommand({ Bucket: bucket, CreateBucketConfiguration: place }), options),
      )
    } catch (error) {
      signal?.throwIfAborted()
      // Somebody else made it at the same moment; whether we may use it shows below.
      if (s3Failure(error).status !== 409) throw s3Error(`create the bucket "${bucket}"`, error)
    }
    await this.check(signal)
  }

  /** Removes parts of uploads that died with their process more than a day ago. */
  async sweepUploads(signal?: AbortSignal): Promise<void> {
    const { library, bucket } = this.#calls
    const oldest = this.#clock.now() - uploadAgeMsMax
    let marker: { KeyMarker?: string; UploadIdMarker?: string } = {}
    for (;;) {
      const page = await this.#calls.call('list unfinished uploads', signal, (client, options) =>
        client.send(new library.ListMultipartUploadsCommand({ Bucket: bucket, ...marker }), options),
      )
      for (const { Key, UploadId, Initiated } of page.Uploads ?? []) {
        if (Key === undefined || UploadId === undefined || (Initiated?.getTime() ?? 0) > oldest) continue
        await this.#calls.call(`remove an unfinished upload of "${Key}"`, signal, (client, options) =>
          client.send(new library.AbortMultipartUploadCommand({ Bucket: bucket, Key, UploadId }), options),
        )
      }
      if (page.IsTruncated !== true || page.NextKeyMarker === undefined) return
      marker = {
        KeyMarker: page.NextKeyMarker,
        ...(page.NextUploadIdMarker && { UploadIdMarker: page.NextUploadIdMarker }),
      }
    }
  }

  /** null when all is well, else the library's error. */
  async #look(signal: AbortSignal | undefined): Promise<unknown> {
    const { library, bucket } = this.#calls
    try {
      await this.#calls.raw(signal, (client, options) =>
        client.send(new library.HeadBucketCommand({ Bucket: bucket }), options),
      )
      this.#seenMs = this.#clock.monotonicMs()
      return null
    } catch (error) {
      signal?.throwIfAborted()
      return error
    }
  }

  #refusal(problem: unknown): unknown {
    const { bucket } = this.#calls
    const status = s3Failure(problem).status
    const what = status === 404 ? `use the bucket "${bucket}", which does not exist` : `use the bucket "${bucket}"`
    return s3Error(what, problem)
  }
}

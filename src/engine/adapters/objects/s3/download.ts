import { Readable } from 'node:stream'
import type { GetObjectCommandOutput } from '@aws-sdk/client-s3'
import { AgolaError } from '../../../model/errors.ts'
import type { S3Calls } from './s3-calls.ts'
import { s3Error, s3Failure } from './s3-error.ts'

const interruptionsMax = 5

export interface ByteRange {
  start: number
  end?: number
}

/** Reads objects. A connection that breaks in the middle is taken up again where it broke, on the same version of the object. */
export class Downloads {
  readonly #calls: S3Calls

  constructor(calls: S3Calls) {
    this.#calls = calls
  }

  /** Throws the library's error when the object cannot be opened. */
  async open(key: string, range: ByteRange, signal: AbortSignal | undefined): Promise<Readable> {
    const first = await this.#request(key, range, undefined, signal)
    return Readable.from(this.#chunks(key, range, first, signal), { objectMode: false })
  }

  async *#chunks(
    key: string,
    range: ByteRange,
    first: GetObjectCommandOutput,
    signal: AbortSignal | undefined,
  ): AsyncGenerator<Uint8Array, void, undefined> {
    let answer = first
    let position = range.start
    for (let interruptions = 0; ; interruptions++) {
      try {
        for await (const chunk of bodyOf(answer)) {
          position += chunk.length
          interruptions = 0
          yield chunk
        }
        return
      } catch (error) {
        signal?.throwIfAborted()
        if (interruptions >= interruptionsMax) throw s3Error(`read "${key}" to its end`, unreachable(key, error))
      }
      answer = await this.#resume(key, { ...range, start: position }, first.ETag, signal)
    }
  }

  async #resume(
    key: string,
    range: ByteRange,
    etag: string | undefined,
    signal: AbortSignal | undefined,
  ): Promise<GetObjectCommandOutput> {
    try {
      return await this.#request(key, range, etag, signal)
    } catch (error) {
      const { status } = s3Failure(error)
      if (status === 404 || status === 412) throw unreachable(key, error)
      throw s3Error(`read "${key}"`, error)
    }
  }

  #request(
    key: string,
    { start, end }: ByteRange,
    etag: string | undefined,
    signal: AbortSignal | undefined,
  ): Promise<GetObjectCommandOutput> {
    const { library, bucket } = this.#calls
    const whole = start === 0 && end === undefined
    const input = {
      Bucket: bucket,
      Key: key,
      ...(whole ? {} : { Range: `bytes=${start}-${end === undefined ? '' : end - 1}` }),
      ...(etag === undefined ? {} : { IfMatch: etag }),
    }
    return this.#calls.raw(signal, (client, options) => client.send(new library.GetObjectCommand(input), options))
  }
}

async function* bodyOf({ Body }: GetObjectCommandOutput): AsyncGenerator<Uint8Array, void, undefined> {
  if (!(Body instanceof Readable)) return
  for await (const chunk of Body) yield chunk
}

function unreachable(key: string, cause: unknown): AgolaError {
  return new AgolaError('storeUnreachable', `object "${key}" went away while it was read`, { details: { key }, cause })
}

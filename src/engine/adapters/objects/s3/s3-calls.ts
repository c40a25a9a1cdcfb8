import type { S3Client, S3ClientConfig } from '@aws-sdk/client-s3'
import { AgolaError } from '../../../model/errors.ts'
import { s3Error } from './s3-error.ts'

export interface S3Settings {
  /** URL; http or https decides about TLS. Absent: Amazon's own for the region. */
  endpoint?: string
  bucket: string
  region?: string
  accessKeyId: string
  secretAccessKey: string
}

const attemptsMax = 5
const connectTimeoutMs = 10_000
const silenceMsMax = 120_000

export type S3Library = typeof import('@aws-sdk/client-s3')

/** The library, a client of one bucket, and the way every call goes: signal in, port errors out. */
export class S3Calls {
  readonly library: S3Library
  readonly bucket: string
  readonly #client: S3Client

  private constructor(library: S3Library, settings: S3Settings) {
    this.library = library
    this.bucket = settings.bucket
    this.#client = new library.S3Client(clientConfig(settings))
  }

  /** Loads the library, which costs a tenth of a second and 20 MB: only those who configure S3 pay. */
  static async open(settings: S3Settings): Promise<S3Calls> {
    checkSettings(settings)
    return new S3Calls(await import('@aws-sdk/client-s3'), settings)
  }

  /** Throws the reason of `signal` when aborted, the library's own error otherwise. */
  async raw<Output>(
    signal: AbortSignal | undefined,
    send: (client: S3Client, options: { abortSignal?: AbortSignal }) => Promise<Output>,
  ): Promise<Output> {
    signal?.throwIfAborted()
    try {
      return await send(this.#client, signal === undefined ? {} : { abortSignal: signal })
    } catch (error) {
      signal?.throwIfAborted()
      throw error
    }
  }

  /** Like `raw`, with errors of the port. `action` completes "S3 store cannot …". */
  async call<Output>(
    action: string,
    signal: AbortSignal | undefined,
    send: (client: S3Client, options: { abortSignal?: AbortSignal }) => Promise<Output>,
  ): Promise<Output> {
    try {
      return await this.raw(signal, send)
    } catch (error) {
      signal?.throwIfAborted()
      throw s3Error(action, error)
    }
  }

  close(): void {
    this.#client.destroy()
  }
}

function clientConfig(settings: S3Settings): S3ClientConfig {
  const { endpoint, region = 'us-east-1', accessKeyId, secretAccessKey } = settings
  return {
    region,
    credentials: { accessKeyId, secretAccessKey },
    maxAttempts: attemptsMax,
    retryMode: 'standard',
    requestHandler: { connectionTimeout: connectTimeoutMs, socketTimeout: silenceMsMax },
    ...(endpoint === undefined ? {} : { endpoint, forcePathStyle: true }),
    // Compatible servers do not all know the newer checksum headers.
    requestChecksumCalculation: 'WHEN_REQUIRED',
    responseChecksumValidation: 'WHEN_REQUIRED',
  }
}

function checkSettings({ endpoint, bucket }: S3Settings): void {
  if (bucket === '') throw new AgolaError('storeUnusable', 'the S3 store needs the name of a bucket')
  if (endpoint === undefined) return
  const protocol = URL.canParse(endpoint) ? new URL(endpoint).protocol : ''
  if (protocol === 'http:' || protocol === 'https:') return
  throw new AgolaError(
    'storeUnusable',
    `the endpoint "${endpoint}" of the S3 store is no URL; write http://… or https://…`,
  )
}

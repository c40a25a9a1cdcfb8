import { createHash, randomUUID } from 'node:crypto'
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'

/** What goes wrong with one request. `drop…`: the connection is cut before or after the effect; `truncate`: in the middle of the body. */
export type S3Fault = { status: number; code: string } | 'dropBefore' | 'dropAfter' | 'truncate'

export interface S3Call {
  method: string
  /** Without the bucket; '' for calls on the bucket. */
  key: string
  query: URLSearchParams
}

interface StoredObject {
  bytes: Buffer
  etag: string
  modified: Date
}

interface Upload {
  key: string
  initiated: Date
  parts: Map<number, { bytes: Buffer; etag: string }>
}

interface Bucket {
  objects: Map<string, StoredObject>
  uploads: Map<string, Upload>
}

class Refusal extends Error {
  readonly status: number
  readonly code: string

  constructor(status: number, code: string) {
    super(code)
    this.status = status
    this.code = code
  }
}

/** An S3 server in memory, path style, without signatures, that can be told to misbehave. Listens on loopback. */
export class S3Server {
  readonly buckets = new Map<string, Bucket>()
  /** Every request, in order. */
  readonly calls: S3Call[] = []
  /** Asked for every request; what it returns goes wrong. */
  fault: (call: S3Call) => S3Fault | undefined = () => undefined
  pageSizeMax = 1000
  /** Some servers refuse `If-None-Match`, some never heard of it. */
  conditionalPut: 'enforced' | 'refused' | 'ignored' = 'enforced'
  /** Keep sizes, not bytes: for uploads larger than the memory of a test. */
  discard = false
  readonly #server: Server

  private constructor() {
    this.#server = createServer((request, response) => {
      this.#serve(request, response).catch((error: unknown) => answerError(response, error))
    })
  }

  static async start(): Promise<S3Server> {
    const server = new S3Server()
    await new Promise<void>((resolve) => server.#server.listen(0, '127.0.0.1', resolve))
    return server
  }

  get endpoint(): string {
    const { port } = this.#server.address() as AddressInfo
    return `http://127.0.0.1:${port}`
  }

  async stop(): Promise<void> {
    this.#server.closeAllConnections()
    await new Promise((resolve) => this.#server.close(resolve))
  }

  unfinishedUploads(): string[] {
    return [...this.buckets.values()].flatMap(({ uploads }) => [...uploads.values()].map(({ key }) => key))
  }

  async #serve(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const url = new URL(request.url ?? '/', 'http://host')
    const [, bucketName = '', ...rest] = url.pathname.split('/')
    const key = decodeURIComponent(rest.join('/'))
    const call = { method: request.method ?? '', key, query: url.searchParams }
    this.calls.push(call)
    const fault = this.fault(call)
    if (fault === 'dropBefore') {
      request.socket.destroy()
      return
    }
    if (typeof fault === 'object') throw new Refusal(fault.status, fault.code)
    const body = await readAll(request, this.discard)
    if (fault === 'dropAfter') response.end = () => response.destroy()
    if (fault === 'truncate') truncateBody(request, response)
    const bucket = this.buckets.get(bucketName)
    if (key === '') {
      this.#onBucket(bucketName, bucket, call, response)
      return
    }
    if (bucket === undefined) throw new Refusal(404, 'NoSuchBucket')
    this.#onObject(bucket, call, request, body, response)
  }

  #onBucket(
    name: string,
    bucket: Bucket | undefined,
    { method, query }: S3Call,
    response: ServerResponse,
  ): ServerResponse {
    if (method === 'PUT') {
      if (bucket !== undefined) throw new Refusal(409, 'BucketAlreadyOwnedByYou')
      this.buckets.set(name, { objects: new Map(), uploads: new Map() })
      return response.end()
    }
    if (bucket === undefined) throw new Refusal(404, 'NoSuchBucket')
    if (method === 'HEAD') return response.end()
    if (query.has('uploads')) return answerXml(response, uploadsXml(bucket))
    return answerXml(response, this.#listXml(bucket, query))
  }

  #listXml({ objects }: Bucket, query: URLSearchParams): string {
    const prefix = query.get('prefix') ?? ''
    const after = query.get('continuation-token') ?? query.get('start-after') ?? ''
    const delimiter = query.get('delimiter') ?? ''
    const wanted = [...objects.keys()]
      .filter((key) => key.startsWith(prefix) && Buffer.compare(Buffer.from(key), Buffer.from(after)) > 0)
      .filter((key) => delimiter === '' || !key.slice(prefix.length).includes(delimiter))
      .sort((a, b) => Buffer.compare(Buffer.from(a), Buffer.from(b)))
    const page = wanted.slice(0, Math.min(this.pageSizeMax, Number(query.get('max-keys') ?? 1000)))
    const more = page.length < wanted.length
    const contents = page.map((key) => {
      const { bytes, etag, modified } = objects.get(key) as StoredObject
      return `<Contents><Key>${escapeXml(key)}</Key><LastModified>${modified.toISOString()}</LastModified><ETag>"${etag}"</ETag><Size>${bytes.length}</Size></Contents>`
    })
    const next = more ? `<NextContinuationToken>${escapeXml(page.at(-1) ?? '')}</NextContinuationToken>` : ''
    return `<ListBucketResult><IsTruncated>${more}</IsTruncated>${next}${contents.join('')}</ListBucketResult>`
  }

  #onObject(
    bucket: Bucket,
    call: S3Call,
    request: IncomingMessage,
    body: Buffer,
    response: ServerResponse,
  ): ServerResponse {
    const { method, key, query } = call
    const uploadId = query.get('uploadId')
    if (method === 'POST' && query.has('uploads')) return startUpload(bucket, key, response)
    if (uploadId !== null) return this.#onUpload(bucket, uploadId, call, request, body, response)
    if (method === 'PUT') return this.#store(bucket, key, body, md5(body), request, response)
    if (method === 'DELETE') {
      bucket.objects.delete(key)
      return response.writeHead(204).end()
    }
    const stored = bucket.objects.get(key)
    if (stored === undefined) throw new Refusal(404, method === 'HEAD' ? 'NotFound' : 'NoSuchKey')
    return sendObject(stored, request, response)
  }

  #onUpload(
    bucket: Bucket,
    id: string,
    { method, key, query }: S3Call,
    request: IncomingMessage,
    body: Buffer,
    response: ServerResponse,
  ): ServerResponse {
    const upload = bucket.uploads.get(id)
    if (upload === undefined) throw new Refusal(404, 'NoSuchUpload')
    if (method === 'DELETE') {
      bucket.uploads.delete(id)
      return response.writeHead(204).end()
    }
    if (method === 'PUT') {
      const etag = md5(body)
      upload.parts.set(Number(query.get('partNumber')), { bytes: body, etag })
      return response.writeHead(200, { ETag: `"${etag}"` }).end()
    }
    const parts = [...upload.parts].sort(([a], [b]) => a - b).map(([, part]) => part)
    if (parts.slice(0, -1).some(({ bytes }) => bytes.length < 5 * 1024 * 1024 && !this.discard))
      throw new Refusal(400, 'EntityTooSmall')
    const bytes = Buffer.concat(parts.map((part) => part.bytes))
    const etag = `${md5(Buffer.concat(parts.map((part) => Buffer.from(part.etag, 'hex'))))}-${parts.length}`
    const answered = this.#store(bucket, key, bytes, etag, request, response)
    bucket.uploads.delete(id)
    return answered
  }

  #store(
    bucket: Bucket,
    key: string,
    bytes: Buffer,
    etag: string,
    request: IncomingMessage,
    response: ServerResponse,
  ): ServerResponse {
    const conditional = request.headers['if-none-match'] === '*'
    if (conditional && this.conditionalPut === 'refused') throw new Refusal(501, 'NotImplemented')
    if (conditional && this.conditionalPut === 'enforced' && bucket.objects.has(key))
      throw new Refusal(412, 'PreconditionFailed')
    bucket.objects.set(key, { bytes, etag, modified: new Date() })
    if (request.method === 'PUT') return response.writeHead(200, { ETag: `"${etag}"` }).end()
    return answerXml(response, `<CompleteMultipartUploadResult><ETag>"${etag}"</ETag></CompleteMultipartUploadResult>`)
  }
}

function startUpload(bucket: Bucket, key: string, response: ServerResponse): ServerResponse {
  const id = randomUUID()
  bucket.uploads.set(id, { key, initiated: new Date(), parts: new Map() })
  return answerXml(
    response,
    `<InitiateMultipartUploadResult><UploadId>${id}</UploadId></InitiateMultipartUploadResult>`,
  )
}

function sendObject(
  { bytes, etag, modified }: StoredObject,
  request: IncomingMessage,
  response: ServerResponse,
): ServerResponse {
  const match = request.headers['if-match']
  if (match !== undefined && match.replaceAll('"', '') !== etag) throw new Refusal(412, 'PreconditionFailed')
  const [, from, to] = /^bytes=(\d+)-(\d*)$/.exec(request.headers.range ?? '') ?? []
  const start = Number(from ?? 0)
  if (from !== undefined && start >= bytes.length) throw new Refusal(416, 'InvalidRange')
  const part = bytes.subarray(start, to ? Number(to) + 1 : bytes.length)
  response.writeHead(from === undefined ? 200 : 206, {
    'Content-Length': part.length,
    ETag: `"${etag}"`,
    'Last-Modified': modified.toUTCString(),
  })
  return response.end(request.method === 'HEAD' ? undefined : part)
}

/** Sends half of what is sent, then cuts the connection. */
function truncateBody(request: IncomingMessage, response: ServerResponse): void {
  response.end = (body?: unknown) => {
    if (Buffer.isBuffer(body))
      response.write(body.subarray(0, Math.ceil(body.length / 2)), () => request.socket.destroy())
    else request.socket.destroy()
    return response
  }
}

async function readAll(request: IncomingMessage, discard: boolean): Promise<Buffer> {
  const chunks: Buffer[] = []
  for await (const chunk of request) if (!discard) chunks.push(chunk)
  return Buffer.concat(chunks)
}

function answerXml(response: ServerResponse, xml: string): ServerResponse {
  return response
    .writeHead(200, { 'Content-Type': 'application/xml' })
    .end(`<?xml version="1.0" encoding="UTF-8"?>${xml}`)
}

function answerError(response: ServerResponse, error: unknown): void {
  const { status, code } = error instanceof Refusal ? error : { status: 500, code: 'InternalError' }
  const body = `<?xml version="1.0" encoding="UTF-8"?><Error><Code>${code}</Code><Message>${code}</Message></Error>`
  response
    .writeHead(status, { 'Content-Type': 'application/xml' })
    .end(response.req.method === 'HEAD' ? undefined : body)
}

function uploadsXml({ uploads }: Bucket): string {
  const entries = [...uploads].map(
    ([id, { key, initiated }]) =>
      `<Upload><Key>${escapeXml(key)}</Key><UploadId>${id}</UploadId><Initiated>${initiated.toISOString()}</Initiated></Upload>`,
  )
  return `<ListMultipartUploadsResult><IsTruncated>false</IsTruncated>${entries.join('')}</ListMultipartUploadsResult>`
}

function escapeXml(text: string): string {
  return text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;').replaceAll('"', '&quot;')
}

function md5(bytes: Buffer): string {
  return createHash('md5').update(bytes).digest('hex')
}

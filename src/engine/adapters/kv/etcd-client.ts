import { Client, type ClientDuplexStream, connectivityState, credentials, Metadata } from '@grpc/grpc-js'
import { AgolaError, hasCode } from '../../model/errors.ts'
import type { CallOptions } from '../../ports/call-options.ts'
import type { Clock } from '../../ports/clock.ts'
import type { Random } from '../../ports/random.ts'
import { CallDeadlines } from './call-deadlines.ts'
import { etcdError, isServiceError, isTokenRefused } from './etcd-error.ts'
import { etcdMethods, type Method } from './etcd-protocol.ts'
import { callUnary, type UnaryRequest } from './etcd-unary.ts'
import { storeClosed } from './store-errors.ts'

export interface EtcdTls {
  /** PEM. Absent: the system's certificate authorities. */
  ca?: Buffer
  /** PEM of the client's own certificate and key, when the server asks for one. */
  certificate?: Buffer
  key?: Buffer
  skipVerify?: boolean
}

export interface EtcdClientOptions {
  /** `http://host:port` or `https://host:port`; all with the same scheme. */
  endpoints: string[]
  tls?: EtcdTls
  user?: { name: string; password: string }
  clock: Clock
  random: Random
  /** How long one call may take, and how long unreachable endpoints are tried. Default 5 s. */
  requestMsMax?: number
}

interface Endpoint {
  name: string
  client: Client
}

const backoffMsMin = 50
const backoffMsMax = 2000
const connectMsMax = 2000
const noMetadata = new Metadata()

/** Calls to one etcd cluster: fails over between its endpoints, logs in, and says of every failed write whether it may have been
 *  applied (spec/storage.md 13.4). Only what was certainly not applied is tried again. */
export class EtcdClient {
  readonly #options: EtcdClientOptions
  readonly #endpoints: Endpoint[]
  readonly #requestMsMax: number
  readonly #deadlines: CallDeadlines
  #current = 0
  #token: Promise<string> | undefined
  #isClosed = false

  constructor(options: EtcdClientOptions) {
    this.#options = options
    this.#requestMsMax = options.requestMsMax ?? 5000
    this.#deadlines = new CallDeadlines(options.clock, this.#requestMsMax)
    this.#endpoints = connect(options)
  }

  read<Q, A>(method: Method<Q, A>, request: Q, call: CallOptions = {}): Promise<A> {
    return this.#ask(method, request, { isWrite: false }, call)
  }

  write<Q, A>(method: Method<Q, A>, request: Q, call: CallOptions = {}): Promise<A> {
    return this.#ask(method, request, { isWrite: true }, call)
  }

  /** The caller may go on using the buffers of the request at once. */
  #ask<Q, A>(method: Method<Q, A>, request: Q, kind: { isWrite: boolean }, call: CallOptions): Promise<A> {
    const message = method.requestSerialize(request)
    return this.#withRetries((endpoint) => this.#unary(endpoint, method, message, call), kind, call)
  }

  /** One request and its answer over a stream of its own. */
  exchange<Q, A>(method: Method<Q, A>, request: Q, call: CallOptions = {}): Promise<A> {
    const once = async (endpoint: Endpoint) => {
      const stream = await this.#open(endpoint, method, this.#deadline())
      const cancel = () => stream.cancel()
      call.signal?.addEventListener('abort', cancel, { once: true })
      try {
        stream.write(request)
        for await (const answer of stream) return answer as A
        throw new AgolaError('storeUnreachable', `etcd at ${endpoint.name} ended a stream without an answer.`)
      } finally {
        call.signal?.removeEventListener('abort', cancel)
        stream.cancel()
      }
    }
    return this.#withRetries(once, { isWrite: false }, call)
  }

  /** A stream on the endpoint that works now. Its errors are the caller's, who opens another one. */
  stream<Q, A>(method: Method<Q, A>, call: CallOptions = {}): Promise<ClientDuplexStream<Q, A>> {
    return this.#withRetries((endpoint) => this.#open(endpoint, method, undefined), { isWrite: false }, call)
  }

  /** What a failed stream tells about the endpoint and the login. Throws what no reconnection mends. */
  noteStreamError(error: unknown): void {
    if (isTokenRefused(error)) {
      this.#token = undefined
      return
    }
    const translated = etcdError(error, { endpoint: this.#endpoint().name, isWrite: false })
    if (translated.code === 'storeUnusable') throw translated
    this.#rotate()
  }

  /** Between 50 ms and 2 s, growing with `attempt`, with jitter. */
  backoff(attempt: number, signal?: AbortSignal): Promise<void> {
    const ms = Math.min(backoffMsMax, backoffMsMin * 2 ** Math.min(attempt, 10))
    return this.#options.clock.sleep(ms * (0.5 + this.#options.random.fraction() / 2), signal)
  }

  close(): void {
    this.#isClosed = true
    for (const { client } of this.#endpoints) client.close()
  }

  async #withRetries<T>(
    once: (endpoint: Endpoint) => Promise<T>,
    { isWrite }: { isWrite: boolean },
    call: CallOptions,
  ): Promise<T> {
    const { clock } = this.#options
    const startMs = clock.monotonicMs()
    let isTokenRenewed = false
    for (let attempt = 0; ; attempt++) {
      this.#checkOpen(call)
      const endpoint = this.#endpoint()
      try {
        return await once(endpoint)
      } catch (error) {
        this.#checkOpen(call)
        if (isTokenRefused(error) && this.#options.user && !isTokenRenewed) {
          this.#token = undefined
          isTokenRenewed = true
          continue
        }
        // The caller knows what these mean for its request.
        if (isServiceError(error) && isAboutTheRequest(error.code)) throw error
        const translated = etcdError(error, { endpoint: endpoint.name, isWrite })
        if (translated.kind === 'unavailable') this.#rotate()
        // A server that starts again has forgotten all tokens.
        isTokenRenewed = false
        const isRepeatable = hasCode(translated, 'storeUnreachable')
        if (!isRepeatable || clock.monotonicMs() - startMs >= this.#requestMsMax) throw translated
        // The other endpoints are tried at once, then all of them after a pause.
        const round = Math.floor(attempt / this.#endpoints.length)
        if ((attempt + 1) % this.#endpoints.length === 0) await this.backoff(round, call.signal)
      }
    }
  }

  async #unary<A>(
    endpoint: Endpoint,
    method: UnaryRequest<A>['method'],
    message: Buffer,
    { signal }: CallOptions,
  ): Promise<A> {
    if (!isConnected(endpoint)) await this.#connected(endpoint)
    const metadata = this.#options.user === undefined ? noMetadata : await this.#metadata(endpoint)
    return this.#send(endpoint, { method, message, metadata, signal })
  }

  #send<A>({ client }: Endpoint, request: UnaryRequest<A>): Promise<A> {
    request.signal?.throwIfAborted()
    return callUnary(client.getChannel(), request, this.#deadlines)
  }

  async #open<Q, A>(
    endpoint: Endpoint,
    method: Method<Q, A>,
    deadline: Date | undefined,
  ): Promise<ClientDuplexStream<Q, A>> {
    await this.#connected(endpoint)
    const metadata = await this.#metadata(endpoint)
    // A member that has lost its leader ends the stream instead of falling silent.
    metadata.set('hasleader', 'true')
    const { path, requestSerialize, responseDeserialize } = method
    const stream = endpoint.client.makeBidiStreamRequest(
      path,
      requestSerialize,
      responseDeserialize,
      metadata,
      deadline === undefined ? {} : { deadline },
    )
    // The reader sees the same error; without a listener an early one would end the process.
    stream.on('error', () => undefined)
    return stream
  }

  /** A call on a connection that stands cannot be lost before it is sent, so what fails while connecting is known not to be applied. */
  async #connected({ name, client }: Endpoint): Promise<void> {
    const channel = client.getChannel()
    const deadline = new Date(this.#options.clock.now() + connectMsMax)
    for (let state = channel.getConnectivityState(true); state !== connectivityState.READY; ) {
      // The call itself then fails at once, with the reason.
      if (state === connectivityState.TRANSIENT_FAILURE) return
      const isTimeOver = await new Promise<boolean>((resolve) =>
        channel.watchConnectivityState(state, deadline, (error) => resolve(error !== undefined)),
      )
      if (isTimeOver)
        throw new AgolaError('storeUnreachable', `etcd at ${name} does not answer.`, { details: { endpoint: name } })
      state = channel.getConnectivityState(true)
    }
  }

  async #metadata(endpoint: Endpoint): Promise<Metadata> {
    const metadata = new Metadata()
    if (this.#options.user === undefined) return metadata
    this.#token ??= this.#logIn(endpoint, this.#options.user)
    const token = await this.#token.catch((error: unknown) => {
      this.#token = undefined
      throw error
    })
    if (token !== '') metadata.set('token', token)
    return metadata
  }

  /** An empty token where the server has its authentication switched off. */
  async #logIn(endpoint: Endpoint, user: { name: string; password: string }): Promise<string> {
    const method = etcdMethods.authenticate
    const message = method.requestSerialize(user)
    try {
      return (await this.#send(endpoint, { method, message, metadata: noMetadata, signal: undefined })).token
    } catch (error) {
      if (isServiceError(error) && /authentication is not enabled/.test(error.details)) return ''
      throw error
    }
  }

  #endpoint(): Endpoint {
    const endpoint = this.#endpoints[this.#current % this.#endpoints.length]
    if (endpoint === undefined) throw new AgolaError('assertionFailed', 'etcd has no endpoint.')
    return endpoint
  }

  #rotate(): void {
    this.#current = (this.#current + 1) % this.#endpoints.length
  }

  #deadline(): Date {
    return new Date(this.#options.clock.now() + this.#requestMsMax)
  }

  #checkOpen({ signal }: CallOptions): void {
    if (this.#isClosed) throw storeClosed()
    signal?.throwIfAborted()
  }
}

function isConnected({ client }: Endpoint): boolean {
  return client.getChannel().getConnectivityState(false) === connectivityState.READY
}

const notFound = 5
const failedPrecondition = 9
const outOfRange = 11

function isAboutTheRequest(code: number): boolean {
  return code === notFound || code === failedPrecondition || code === outOfRange
}

function connect({ endpoints, tls = {} }: EtcdClientOptions): Endpoint[] {
  const urls = endpoints.map(parseEndpoint)
  const schemes = new Set(urls.map((url) => url.protocol))
  if (schemes.size !== 1) {
    const message = `etcd needs at least one endpoint, and all with the same scheme. Got ${JSON.stringify(endpoints)}.`
    throw new AgolaError('storeUnusable', message)
  }
  const options = {
    // Fragments keep watch answers small; pages of ranges are as large as their caller asks.
    'grpc.max_receive_message_length': -1,
    'grpc.max_send_message_length': -1,
    'grpc.initial_reconnect_backoff_ms': backoffMsMin,
    'grpc.min_reconnect_backoff_ms': backoffMsMin,
    'grpc.max_reconnect_backoff_ms': backoffMsMax,
    'grpc.keepalive_time_ms': 15_000,
    'grpc.keepalive_timeout_ms': 5000,
    // Its statistics of every call, which nobody reads.
    'grpc.enable_channelz': 0,
  }
  return urls.map((url) => ({
    name: url.host,
    client: new Client(url.host, url.protocol === 'https:' ? secure(tls) : credentials.createInsecure(), options),
  }))
}

function secure({ ca, certificate, key, skipVerify }: EtcdTls) {
  return credentials.createSsl(ca ?? null, key ?? null, certificate ?? null, { rejectUnauthorized: !skipVerify })
}

function parseEndpoint(text: string): URL {
  const url = URL.parse(text)
  if (url && (url.protocol === 'http:' || url.protocol === 'https:') && url.host !== '') return url
  throw new AgolaError(
    'storeUnusable',
    `An endpoint of etcd is written http://host:port or https://host:port, not ${JSON.stringify(text)}.`,
  )
}

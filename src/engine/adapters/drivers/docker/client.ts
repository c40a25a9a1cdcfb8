import type { IncomingMessage } from 'node:http'
import type { Duplex, Readable } from 'node:stream'
import { AgolaError, messageOf } from '../../../model/errors.ts'
import { type Engine, unreachable } from './probe.ts'

/** An answer of the engine with a status that is not a success. Those that callers do not turn into something better say what it said. */
export class EngineFailure extends AgolaError {
  readonly status: number
  /** The engine's own words. */
  readonly complaint: string

  constructor(status: number, complaint: string) {
    super('driverFailed', `the container engine refused: ${complaint}`, { details: { status } })
    this.status = status
    this.complaint = complaint
  }
}

export interface EngineRequest {
  query?: Record<string, unknown>
  body?: unknown
  headers?: Record<string, string>
  /** A tar to send. */
  file?: Readable
  signal?: AbortSignal | undefined
}

interface DialOptions {
  path: string
  method: string
  headers?: Record<string, string>
  options: { _query: object; _body: unknown }
  file?: Readable
  hijack?: boolean
  isStream?: boolean
  allowEmpty?: boolean
  abortSignal?: AbortSignal
  statusCodes: Record<number, true>
}

type Dial = (options: DialOptions, callback: (error: Error | null, result: unknown) => void) => void

/** The engine's HTTP API. Errors: EngineFailure for what it refuses, `driverUnreachable`, `diskFull`, or the reason of the signal.
 *  docker-modem, the transport of dockerode, is loaded at the first call: most of a command's life needs no engine. */
export class EngineClient {
  readonly engine: Engine
  #dial: Promise<Dial> | undefined

  constructor(engine: Engine) {
    this.engine = engine
  }

  /** Loads the library ahead of the first call. */
  async load(): Promise<void> {
    await this.#loaded()
  }

  /** The parsed body, or null when there is none. */
  async json(method: 'GET' | 'POST' | 'DELETE', path: string, request: EngineRequest = {}): Promise<unknown> {
    const body = await this.#call(method, path, request, {})
    return Buffer.isBuffer(body) ? null : body
  }

  async stream(method: 'GET' | 'POST', path: string, request: EngineRequest = {}): Promise<IncomingMessage> {
    return (await this.#call(method, path, request, { isStream: true })) as IncomingMessage
  }

  /** A raw connection in both directions. It knows no signal: aborting a call must not cut what the call began. */
  async upgrade(path: string, request: Omit<EngineRequest, 'signal'> = {}): Promise<Duplex> {
    return (await this.#call('POST', path, request, { isStream: true, hijack: true, allowEmpty: true })) as Duplex
  }

  async #call(method: string, path: string, request: EngineRequest, extra: Partial<DialOptions>): Promise<unknown> {
    request.signal?.throwIfAborted()
    const dial = await this.#loaded()
    const { promise, resolve, reject } = Promise.withResolvers<unknown>()
    const options: DialOptions = {
      method,
      // The transport adds a query only where it sees a question mark, and removes one that leads nowhere.
      path: `${path}?`,
      options: { _query: request.query ?? {}, _body: request.body ?? {} },
      statusCodes: { 200: true, 201: true, 204: true, 304: true },
      ...(request.headers && { headers: request.headers }),
      ...(request.file && { file: request.file }),
      ...(request.signal && { abortSignal: request.signal }),
      ...extra,
    }
    dial(options, (error, result) => (error === null ? resolve(result) : reject(error)))
    try {
      return await promise
    } catch (error) {
      throw this.#translate(error, request.signal)
    }
  }

  #loaded(): Promise<Dial> {
    this.#dial ??= this.#connect()
    return this.#dial
  }

  async #connect(): Promise<Dial> {
    const { default: Modem } = await import('docker-modem')
    const { connection, version } = this.engine
    const { rejectUnauthorized: _, ...rest } = connection
    const modem = new Modem({ ...rest, timeout: undefined, username: undefined, version: `v${version.apiVersion}` })
    return (modem.dial as Dial).bind(modem)
  }

  #translate(error: unknown, signal: AbortSignal | undefined): unknown {
    if (signal?.aborted) return signal.reason
    const { statusCode, json } = error as { statusCode?: number; json?: { message?: string; cause?: string } }
    if (statusCode === undefined) return unreachable(this.engine.endpoint.url, error)
    const message = json?.message ?? messageOf(error).replace(/^\(HTTP code \d+\) [^-]*- /, '')
    if (/no space left on device|disk quota exceeded/i.test(message)) {
      return new AgolaError(
        'diskFull',
        `the container engine's disk is full: ${message}; free some, for example: docker system prune`,
      )
    }
    return new EngineFailure(statusCode, message.trim())
  }
}

export function hasStatus(error: unknown, ...statuses: number[]): boolean {
  return error instanceof EngineFailure && statuses.includes(error.status)
}

import type { IncomingMessage } from 'node:http'
import type { Duplex, Readable } from 'node:stream'
import { text } from 'node:stream/consumers'
import { AgolaError } from '../../../model/errors.ts'
import { adviceFor } from './engine-advice.ts'
import { type Answer, sendRequest } from './engine-request.ts'
import { type Engine, unreachable } from './probe.ts'

/** An answer of the engine with a status that is not a success. Those that callers do not turn into something better say what it said. */
export class EngineFailure extends AgolaError {
  readonly status: number
  /** The engine's own words. */
  readonly complaint: string

  constructor(status: number, complaint: string) {
    const advice = adviceFor(complaint)
    const message = `the container engine refused: ${complaint}${advice === null ? '' : `; ${advice}`}`
    super('driverFailed', message, { details: { status } })
    this.status = status
    this.complaint = complaint
  }
}

type Method = 'GET' | 'POST' | 'DELETE'

export interface EngineRequest {
  /** Objects are sent as JSON, lists word by word; what is undefined is left out. */
  query?: Record<string, unknown>
  body?: unknown
  headers?: Record<string, string>
  /** A tar to send. */
  file?: Readable
  signal?: AbortSignal | undefined
}

const upgradeHeaders = { connection: 'Upgrade', upgrade: 'tcp' }

/** The engine's HTTP API. Errors: EngineFailure for what it refuses, `driverUnreachable`, `diskFull`, or the reason of the signal. */
export class EngineClient {
  readonly engine: Engine

  constructor(engine: Engine) {
    this.engine = engine
  }

  /** The parsed body, or null when there is none. */
  async json(method: Method, path: string, request: EngineRequest = {}): Promise<unknown> {
    const body = await this.#read(await this.stream(method, path, request), request.signal)
    if (body === '') return null
    try {
      return JSON.parse(body)
    } catch {
      // A word of comfort such as "OK".
      return null
    }
  }

  async stream(method: Method, path: string, request: EngineRequest = {}): Promise<IncomingMessage> {
    const { response } = await this.#send(method, path, request)
    return response
  }

  /** A raw connection in both directions. It knows no signal: aborting a call must not cut what the call began. */
  async upgrade(path: string, request: Omit<EngineRequest, 'signal'> = {}): Promise<Duplex> {
    const { response, connection } = await this.#send('POST', path, { ...request, headers: upgradeHeaders })
    if (connection !== null) return connection
    response.destroy()
    throw new EngineFailure(response.statusCode ?? 0, 'it does not turn the request into a connection')
  }

  async #send(method: Method, path: string, request: EngineRequest): Promise<Answer> {
    request.signal?.throwIfAborted()
    const { connection, version } = this.engine
    const { file, signal } = request
    const body = request.body === undefined ? '' : JSON.stringify(request.body)
    const versioned = `/v${version.apiVersion}${path}${queryOf(request.query)}`
    const headers = { ...headersFor(request, body), ...request.headers }
    try {
      const answer = await sendRequest(connection, { method, path: versioned, headers, body, file, signal })
      if (isSuccess(answer.response.statusCode)) return answer
      throw this.#failure(answer.response.statusCode ?? 0, await text(answer.response))
    } catch (error) {
      throw this.#translate(error, request.signal)
    }
  }

  async #read(response: IncomingMessage, signal: AbortSignal | undefined): Promise<string> {
    try {
      return await text(response)
    } catch (error) {
      throw this.#translate(error, signal)
    }
  }

  #translate(error: unknown, signal: AbortSignal | undefined): unknown {
    if (signal?.aborted) return signal.reason
    return error instanceof AgolaError ? error : unreachable(this.engine.endpoint.url, error)
  }

  #failure(status: number, body: string): AgolaError {
    const message = messageIn(body)
    if (/no space left on device|disk quota exceeded/i.test(message)) {
      return new AgolaError(
        'diskFull',
        `the container engine's disk is full: ${message}; free some, for example: docker system prune`,
      )
    }
    return new EngineFailure(status, message)
  }
}

export function hasStatus(error: unknown, ...statuses: number[]): boolean {
  return error instanceof EngineFailure && statuses.includes(error.status)
}

/** Not modified: what was asked for is so already. */
function isSuccess(status: number | undefined): boolean {
  return status !== undefined && (status === 101 || (status >= 200 && status < 300) || status === 304)
}

function headersFor({ file }: EngineRequest, body: string): Record<string, string> {
  if (file !== undefined) return { 'content-type': 'application/x-tar' }
  return { ...(body !== '' && { 'content-type': 'application/json' }), 'content-length': `${Buffer.byteLength(body)}` }
}

function queryOf(query: Record<string, unknown> = {}): string {
  const words = new URLSearchParams()
  for (const [name, value] of Object.entries(query)) {
    for (const one of Array.isArray(value) ? value : [value])
      if (one !== undefined) words.append(name, typeof one === 'object' ? JSON.stringify(one) : String(one))
  }
  return words.size === 0 ? '' : `?${words}`
}

/** The engine says `{"message": …}`; what is not JSON is its message as it is. */
function messageIn(body: string): string {
  try {
    const { message } = JSON.parse(body) as { message?: unknown }
    if (typeof message === 'string') return message.trim()
  } catch {
    // Said in plain words.
  }
  return body.trim() || 'it gave no reason'
}

import { type IncomingMessage, request as plainRequest } from 'node:http'
import type { Duplex, Readable } from 'node:stream'
import type { Connection } from './endpoint.ts'

export interface RawRequest {
  method: string
  path: string
  headers?: Record<string, string>
  body?: string
  /** Sent in place of a body. */
  file?: Readable | undefined
  signal?: AbortSignal | undefined
}

export interface Answer {
  response: IncomingMessage
  /** null when the engine kept to HTTP. */
  connection: Duplex | null
}

/** Sends one request and gives what the engine begins to answer, whatever its status. Fails as node:http does. */
export async function sendRequest(
  { protocol, ...where }: Connection,
  { method, path, headers = {}, body = '', file, signal }: RawRequest,
): Promise<Answer> {
  const send = protocol === 'https' ? (await import('node:https')).request : plainRequest
  // Nobody has to work out a name for TLS.
  const plain = protocol === 'http' && { servername: '' }
  const { promise, resolve, reject } = Promise.withResolvers<Answer>()
  const sent = send({ ...where, ...plain, method, path, headers, ...(signal && { signal }) })
  sent.once('response', (response) => resolve({ response, connection: null }))
  sent.once('upgrade', (response, connection, head) => {
    if (head.length > 0) connection.unshift(head)
    resolve({ response, connection })
  })
  sent.on('error', reject)
  if (file === undefined) sent.end(body)
  else file.on('error', (error) => sent.destroy(error)).pipe(sent)
  return await promise
}

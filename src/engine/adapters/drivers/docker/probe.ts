import { AgolaError, messageOf } from '../../../model/errors.ts'
import type { CallOptions } from '../../../ports/call-options.ts'
import { type Connection, type EngineEndpoint, toConnection } from './endpoint.ts'
import { sendRequest } from './engine-request.ts'
import { type EngineVersion, toEngineVersion } from './engine-version.ts'

/** An engine that answered, ready for a driver. */
export interface Engine {
  endpoint: EngineEndpoint
  connection: Connection
  version: EngineVersion
}

const versionBytesMax = 1 << 20

/** Asks who listens at `endpoint`. Needs no library, so that looking for engines costs nothing.
 *  @throws driverUnreachable (with the way out), driverTooOld, or the reason of `signal`. */
export async function probeEngine(endpoint: EngineEndpoint, options: CallOptions = {}): Promise<Engine> {
  const connection = await toConnection(endpoint)
  try {
    const body = await getVersion(connection, options.signal)
    return { endpoint, connection, version: toEngineVersion(body, endpoint.url) }
  } catch (error) {
    if (error instanceof AgolaError) throw error
    if (options.signal?.aborted) throw options.signal.reason
    throw unreachable(endpoint.url, error)
  }
}

/** Says why nobody answers at `url`, and what to do. */
export function unreachable(url: string, cause: unknown): AgolaError {
  const code = (cause as NodeJS.ErrnoException).code ?? ''
  const advice: Record<string, string> = {
    ENOENT: 'there is no such socket; start the engine',
    ECONNREFUSED: 'nobody listens there; start the engine',
    EACCES: 'permission denied; join the group that owns the socket (usually "docker"), or use a rootless engine',
    EPERM: 'permission denied; join the group that owns the socket (usually "docker"), or use a rootless engine',
    ENOTFOUND: 'the host name is unknown',
    ETIMEDOUT: 'no answer in time',
  }
  const why = advice[code] ?? messageOf(cause)
  return new AgolaError('driverUnreachable', `cannot reach a container engine at ${url}: ${why}`, {
    cause,
    details: { url, reason: why },
  })
}

async function getVersion(connection: Connection, signal: AbortSignal | undefined): Promise<unknown> {
  const { response } = await sendRequest(connection, { method: 'GET', path: '/version', signal })
  response.setEncoding('utf8')
  let text = ''
  for await (const chunk of response) {
    text += chunk
    if (text.length > versionBytesMax) throw new Error('the answer is no version')
  }
  try {
    return JSON.parse(text)
  } catch (cause) {
    throw new Error(`HTTP status ${response.statusCode} with a body that is no JSON`, { cause })
  }
}

import { messageOf } from '../../../model/errors.ts'
import type { CallOptions } from '../../../ports/call-options.ts'
import { type EngineClient, EngineFailure, hasStatus } from './client.ts'
import { type RegistryCredentials, toAuthHeader } from './registry-credentials.ts'

export type ImageAvailability =
  | { state: 'present' }
  | { state: 'pullable' }
  | { state: 'unknown' | 'unavailable'; reason: string }

/** Whether an image is there or its registry has it. Asks for the manifest only: nothing is pulled. */
export async function imageAvailability(
  client: EngineClient,
  image: string,
  credentials: RegistryCredentials | null,
  { signal }: CallOptions = {},
): Promise<ImageAvailability> {
  try {
    await client.json('GET', `/images/${image}/json`, { signal })
    return { state: 'present' }
  } catch (error) {
    if (!hasStatus(error, 404)) throw error
  }
  const headers = credentials === null ? {} : { headers: { 'X-Registry-Auth': toAuthHeader(credentials) } }
  try {
    await client.json('GET', `/distribution/${image}/json`, { ...headers, signal })
    return { state: 'pullable' }
  } catch (error) {
    if (signal?.aborted) return { state: 'unknown', reason: 'the registry does not answer in time' }
    if (!(error instanceof EngineFailure)) throw error
    // Podman has no such question.
    if (error.status === 404 && /page not found|^not found$/i.test(error.message)) {
      return { state: 'unknown', reason: 'this engine cannot ask the registry without a pull' }
    }
    return { state: 'unavailable', reason: messageOf(error) }
  }
}

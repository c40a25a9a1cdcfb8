import { AgolaError } from '../../../model/errors.ts'
import type { ExecutorRegistryAuth } from '../../../model/executor-task.ts'
import { dockerHub } from './image-reference.ts'

/** What the engine takes as `X-Registry-Auth`. */
export type RegistryCredentials =
  | { serveraddress: string; username: string; password: string }
  | { serveraddress: string; identitytoken: string }

/** Keys under which the credentials of a registry may stand, the first that exists counts (spec/executor.md 19). */
export function registryKeys(registry: string): string[] {
  const forms = (host: string) => [
    host,
    `https://${host}`,
    `http://${host}`,
    `https://${host}/v1/`,
    `http://${host}/v1/`,
    `https://${host}/v2/`,
    `http://${host}/v2/`,
  ]
  // The reference finds Docker Hub under index.docker.io only, which nobody expects.
  return registry === dockerHub ? [...forms(dockerHub), ...forms('docker.io')] : forms(registry)
}

/** The credentials that a config gives for a registry, null for none.
 *  @throws imageUnavailable when they cannot be read; nothing of them is in the message */
export function findCredentials(
  registry: string,
  auths: Record<string, ExecutorRegistryAuth>,
): RegistryCredentials | null {
  const key = registryKeys(registry).find((key) => Object.hasOwn(auths, key))
  const auth = key === undefined ? undefined : auths[key]
  if (auth === undefined) return null
  if (auth.type === 'basic') return { serveraddress: registry, username: auth.username, password: auth.password }
  const decoded = decodeAuth(auth.auth)
  if (decoded === null) {
    throw new AgolaError('imageUnavailable', `the encodedauth of registry "${key}" must be base64 of user:password`)
  }
  return { serveraddress: registry, ...decoded }
}

/** `user:password` in base64. Only the first colon separates: passwords may hold more. */
export function decodeAuth(encoded: string): { username: string; password: string } | null {
  const trimmed = encoded.trim()
  if (trimmed === '' || !/^[A-Za-z0-9+/]+={0,2}$/.test(trimmed)) return null
  const text = Buffer.from(trimmed, 'base64').toString('utf8')
  const colon = text.indexOf(':')
  return colon < 0 ? null : { username: text.slice(0, colon), password: text.slice(colon + 1).replace(/\0+$/, '') }
}

/** URL-safe base64 with its padding, which engines insist on. */
export function toAuthHeader(credentials: RegistryCredentials): string {
  return Buffer.from(JSON.stringify(credentials)).toString('base64').replaceAll('+', '-').replaceAll('/', '_')
}

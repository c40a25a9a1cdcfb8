import { AgolaError } from '../../../model/errors.ts'
import type { Arch } from '../../../model/run-config.ts'

/** What an engine says about itself (`GET /version`). */
export interface EngineVersion {
  product: 'Docker' | 'Podman'
  version: string
  /** The highest API version that both sides know. */
  apiVersion: string
  /** Of the engine's machine, which is not always ours. */
  arch: Arch
}

/** Docker 20.10, the first one with `platform` on create. */
const apiVersionFloor = '1.41'
const apiVersionKnown = '1.47'

/** Reads the body of `GET /version` and settles the API version to speak.
 *  @throws driverTooOld, driverUnreachable when this is no Docker or Podman or not one for Linux containers. */
export function toEngineVersion(body: unknown, url: string): EngineVersion {
  const facts = body as {
    ApiVersion?: unknown
    MinAPIVersion?: unknown
    Version?: unknown
    Os?: unknown
    Arch?: unknown
  }
  if (typeof facts !== 'object' || facts === null || typeof facts.ApiVersion !== 'string') {
    throw new AgolaError('driverUnreachable', `what answers at ${url} is not a container engine`)
  }
  const product = JSON.stringify(body).includes('Podman Engine') ? 'Podman' : 'Docker'
  const version = String(facts.Version ?? '')
  const told = `${product} ${version} at ${url}`
  if (compareVersions(facts.ApiVersion, apiVersionFloor) < 0) {
    const needed = product === 'Docker' ? 'Docker 20.10' : 'Podman 4.0'
    throw new AgolaError(
      'driverTooOld',
      `${told} is too old: it speaks API ${facts.ApiVersion}, ${apiVersionFloor} is needed; update it to ${needed} or newer`,
      { details: { apiVersion: facts.ApiVersion, needed: apiVersionFloor } },
    )
  }
  const lowest = typeof facts.MinAPIVersion === 'string' ? facts.MinAPIVersion : '1.12'
  if (compareVersions(lowest, apiVersionKnown) > 0) {
    throw new AgolaError(
      'driverTooOld',
      `${told} no longer speaks API ${apiVersionKnown}, the newest that agola knows (it wants ${lowest}); update agola`,
    )
  }
  if (facts.Os !== 'linux') {
    throw new AgolaError(
      'driverUnreachable',
      `${told} runs ${String(facts.Os)} containers; switch it to Linux containers`,
    )
  }
  const newest = compareVersions(facts.ApiVersion, apiVersionKnown) > 0 ? apiVersionKnown : facts.ApiVersion
  return { product, version, apiVersion: newest, arch: toArch(String(facts.Arch)) }
}

/** Negative, zero or positive, as `a` is older than, the same as or newer than `b`. */
export function compareVersions(a: string, b: string): number {
  const left = a.split('.').map(Number)
  const right = b.split('.').map(Number)
  for (let index = 0; index < Math.max(left.length, right.length); index++) {
    const difference = (left[index] ?? 0) - (right[index] ?? 0)
    if (difference !== 0) return difference
  }
  return 0
}

/** Go's and the kernel's names alike. An unknown one counts as amd64, the engine has the last word. */
export function toArch(name: string): Arch {
  if (name === 'arm64' || name === 'aarch64') return 'arm64'
  if (name === '386' || name === 'i386' || name === 'i686') return '386'
  return /^arm/.test(name) ? 'arm' : 'amd64'
}

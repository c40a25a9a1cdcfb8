import { createHash } from 'node:crypto'
import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { readClientConfig } from './docker/client-config.ts'
import type { EngineEndpoint, EngineTls } from './docker/endpoint.ts'

/** Where engines are looked for. All of it is given, so that the process' own environment is read at the edge only. */
export interface Surroundings {
  environment: Record<string, string | undefined>
  homeDir: string
  /** Of the user; null where there is none (Windows). */
  userId: number | null
  platform: 'linux' | 'darwin' | 'win32' | (string & {})
}

export type EngineProduct = 'docker' | 'podman'

export interface EngineCandidate {
  product: EngineProduct
  /** Who says so, for people: 'DOCKER_HOST', 'Docker context "colima"', 'rootless Docker'. */
  origin: string
  endpoint: EngineEndpoint
  /** The user named this one: when it does not answer, none of the others takes its place. */
  isExplicit: boolean
}

/** A wish that cannot be followed, such as a context that does not exist. */
export interface UnusableWish {
  product: EngineProduct
  origin: string
  reason: string
}

/** The one list and its order: what the user chose, for Docker before for Podman and by a variable before in a file, then Docker's usual
 *  sockets, then Podman's. */
export async function engineCandidates(surroundings: Surroundings): Promise<(EngineCandidate | UnusableWish)[]> {
  const { DOCKER_HOST, DOCKER_CONTEXT, CONTAINER_HOST } = surroundings.environment
  const docker = () => dockerWish(surroundings)
  if (!CONTAINER_HOST) return [...(await docker()), ...podmanSockets(surroundings)]
  const podman = explicit('podman', 'CONTAINER_HOST', { url: CONTAINER_HOST, tls: null })
  return DOCKER_HOST || DOCKER_CONTEXT ? [...(await docker()), podman] : [podman, ...(await docker())]
}

/** The folder of the user's Docker client. */
export function clientConfigDir({ environment, homeDir }: Surroundings): string {
  return environment.DOCKER_CONFIG || join(homeDir, '.docker')
}

async function dockerWish(surroundings: Surroundings): Promise<(EngineCandidate | UnusableWish)[]> {
  const { environment } = surroundings
  const host = environment.DOCKER_HOST
  if (host) {
    const url = host.includes('://') ? host : `tcp://${host}`
    return [explicit('docker', 'DOCKER_HOST', { url, tls: tlsOf(surroundings) })]
  }
  const configDir = clientConfigDir(surroundings)
  const fromEnvironment = environment.DOCKER_CONTEXT
  const context = fromEnvironment || (await readClientConfig(configDir)).currentContext
  if (context && context !== 'default') {
    const origin = `Docker context "${context}"${fromEnvironment ? ' (DOCKER_CONTEXT)' : ''}`
    return [await contextCandidate(configDir, context, origin)]
  }
  return dockerSockets(surroundings)
}

function tlsOf(surroundings: Surroundings): EngineTls | null {
  const { environment } = surroundings
  const verify = Boolean(environment.DOCKER_TLS_VERIFY)
  if (!verify && !environment.DOCKER_TLS) return null
  return { certificatesDir: environment.DOCKER_CERT_PATH || clientConfigDir(surroundings), verify }
}

/** Docker keeps a context under the SHA-256 of its name. */
async function contextCandidate(
  configDir: string,
  name: string,
  origin: string,
): Promise<EngineCandidate | UnusableWish> {
  const id = createHash('sha256').update(name).digest('hex')
  const file = join(configDir, 'contexts', 'meta', id, 'meta.json')
  try {
    const { Endpoints } = JSON.parse(await readFile(file, 'utf8')) as {
      Endpoints?: { docker?: { Host?: unknown; SkipTLSVerify?: unknown } }
    }
    const { Host, SkipTLSVerify } = Endpoints?.docker ?? {}
    if (typeof Host !== 'string' || Host === '')
      return { product: 'docker', origin, reason: 'it has no Docker endpoint' }
    const certificatesDir = join(configDir, 'contexts', 'tls', id, 'docker')
    const tls = /^(tcp|https):/.test(Host) && (await hasCertificates(certificatesDir))
    return explicit('docker', origin, {
      url: Host,
      tls: tls ? { certificatesDir, verify: SkipTLSVerify !== true } : null,
    })
  } catch {
    return {
      product: 'docker',
      origin,
      reason: `there is no such context in ${configDir}; choose one with: docker context use`,
    }
  }
}

async function hasCertificates(dir: string): Promise<boolean> {
  const found = await Promise.allSettled(['ca.pem', 'cert.pem'].map((name) => readFile(join(dir, name))))
  return found.some((result) => result.status === 'fulfilled')
}

function dockerSockets({ environment, homeDir, platform, userId }: Surroundings): EngineCandidate[] {
  if (platform === 'win32') return [usual('docker', 'Docker', 'npipe:////./pipe/docker_engine')]
  const colimaDir = environment.COLIMA_HOME || join(homeDir, '.colima')
  const limaDir = environment.LIMA_HOME || join(homeDir, '.lima')
  return [
    socket('docker', 'Docker', '/var/run/docker.sock'),
    socket('docker', 'rootless Docker', join(runtimeDir(environment, userId), 'docker.sock')),
    socket('docker', 'Docker Desktop', join(homeDir, '.docker', 'run', 'docker.sock')),
    socket('docker', 'Docker Desktop', join(homeDir, '.docker', 'desktop', 'docker.sock')),
    socket('docker', 'Colima', join(colimaDir, 'default', 'docker.sock')),
    socket(
      'docker',
      'Colima',
      join(environment.XDG_CONFIG_HOME || join(homeDir, '.config'), 'colima', 'default', 'docker.sock'),
    ),
    socket('docker', 'OrbStack', join(homeDir, '.orbstack', 'run', 'docker.sock')),
    socket('docker', 'Rancher Desktop', join(homeDir, '.rd', 'docker.sock')),
    socket('docker', 'Lima', join(limaDir, 'docker', 'sock', 'docker.sock')),
    socket('docker', 'Lima', join(limaDir, 'default', 'sock', 'docker.sock')),
  ]
}

function podmanSockets({ environment, homeDir, platform, userId }: Surroundings): EngineCandidate[] {
  if (platform === 'win32') return [usual('podman', 'Podman', 'npipe:////./pipe/podman-machine-default')]
  const rootless = socket('podman', 'rootless Podman', join(runtimeDir(environment, userId), 'podman', 'podman.sock'))
  const rootful = socket('podman', 'Podman', '/run/podman/podman.sock')
  const machines = join(homeDir, '.local', 'share', 'containers', 'podman', 'machine')
  return [
    ...(userId === 0 ? [rootful, rootless] : [rootless, rootful]),
    socket('podman', 'Podman machine', join(machines, 'podman.sock')),
    socket('podman', 'Podman machine', join(machines, 'qemu', 'podman.sock')),
  ]
}

function runtimeDir(environment: Record<string, string | undefined>, userId: number | null): string {
  return environment.XDG_RUNTIME_DIR || `/run/user/${userId ?? 0}`
}

function socket(product: EngineProduct, origin: string, path: string): EngineCandidate {
  return usual(product, origin, `unix://${path}`)
}

function usual(product: EngineProduct, origin: string, url: string): EngineCandidate {
  return { product, origin, endpoint: { url, tls: null }, isExplicit: false }
}

function explicit(product: EngineProduct, origin: string, endpoint: EngineEndpoint): EngineCandidate {
  return { product, origin, endpoint, isExplicit: true }
}

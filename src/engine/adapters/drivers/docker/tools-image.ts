import { createHash } from 'node:crypto'
import { readFile } from 'node:fs/promises'
import { PassThrough } from 'node:stream'
import { AgolaError } from '../../../model/errors.ts'
import { staticBinaryArch } from '../static-binary.ts'
import { type EngineClient, hasStatus } from './client.ts'
import { jsonLines } from './json-lines.ts'
import { label, type PodOwner } from './labels.ts'
import type { ImagePuller, PullOptions } from './pull.ts'
import type { RegistryCredentials } from './registry-credentials.ts'

export interface ToolsSettings {
  /** An image with a static busybox at /bin/busybox, for the engine's architecture. */
  image: string
  /** Where this machine may have one, for when that image cannot be had. */
  hostBusyboxPaths: string[]
}

export const defaultToolsSettings: ToolsSettings = {
  image: 'docker.io/library/busybox:stable-musl',
  hostBusyboxPaths: ['/bin/busybox', '/usr/bin/busybox', '/usr/local/bin/busybox'],
}

/** With a host, since Podman would look for a bare name at Docker Hub. */
const builtRepository = 'localhost/agola-tools'
/** A pull that could be replaced by a build is not waited for longer. */
const replaceablePullMsMax = 20_000

export interface ToolsImage {
  /** What to create a container from. */
  reference: string
  /** Twelve hexadecimal digits of what is in it. */
  digest: string
}

export interface ToolsImageSources {
  client: EngineClient
  puller: ImagePuller
  settings: ToolsSettings
  /** Who has made what is made here. */
  owner: PodOwner
  findCredentials: (image: string) => Promise<RegistryCredentials | null>
}

/** Present, else built before, else pulled, else built now. @throws imageUnavailable with every reason */
export async function obtainToolsImage(sources: ToolsImageSources, options: PullOptions): Promise<ToolsImage> {
  const { client, settings } = sources
  const present = await inspect(client, settings.image, options.signal)
  if (present !== null) return { reference: settings.image, digest: present }
  const busybox = await readHostBusybox(sources)
  if (busybox !== null && (await inspect(client, builtName(busybox), options.signal)) !== null)
    return builtImage(busybox)
  try {
    await pull(sources, options, busybox === null ? undefined : AbortSignal.timeout(replaceablePullMsMax))
    const pulled = await inspect(client, settings.image, options.signal)
    if (pulled !== null) return { reference: settings.image, digest: pulled }
    throw new AgolaError('imageUnavailable', `the engine does not find ${settings.image} after its pull`)
  } catch (error) {
    options.signal?.throwIfAborted()
    if (error instanceof AgolaError && error.code === 'driverUnreachable') throw error
    if (busybox === null) throw explain(settings, error)
    options.onMessage(`the tools image ${settings.image} cannot be pulled: using this machine's busybox instead`)
    await build(sources, busybox, options.signal)
    return builtImage(busybox)
  }
}

interface Busybox {
  bytes: Buffer
  digest: string
}

async function readHostBusybox({ client, settings }: ToolsImageSources): Promise<Busybox | null> {
  for (const path of settings.hostBusyboxPaths) {
    if ((await staticBinaryArch(path)) !== client.engine.version.arch) continue
    const bytes = await readFile(path)
    return { bytes, digest: createHash('sha256').update(bytes).digest('hex').slice(0, 12) }
  }
  return null
}

function builtName(busybox: Busybox): string {
  return `${builtRepository}:${busybox.digest}`
}

function builtImage(busybox: Busybox): ToolsImage {
  return { reference: builtName(busybox), digest: busybox.digest }
}

async function inspect(client: EngineClient, image: string, signal: AbortSignal | undefined): Promise<string | null> {
  try {
    const { Id, Architecture } = (await client.json('GET', `/images/${image}/json`, { signal })) as Record<
      string,
      unknown
    >
    if (typeof Id !== 'string') return null
    if (typeof Architecture === 'string' && Architecture !== '' && Architecture !== client.engine.version.arch)
      return null
    return Id.replace(/^sha256:/, '').slice(0, 12)
  } catch (error) {
    if (hasStatus(error, 404)) return null
    throw error
  }
}

async function pull(sources: ToolsImageSources, options: PullOptions, limit: AbortSignal | undefined): Promise<void> {
  const { client, puller, settings, findCredentials } = sources
  const signals = [options.signal, limit].filter((signal) => signal !== undefined)
  await puller.pull(
    {
      image: settings.image,
      platform: `linux/${client.engine.version.arch}`,
      credentials: await findCredentials(settings.image),
    },
    { onMessage: options.onMessage, signal: AbortSignal.any(signals) },
  )
}

async function build(
  { client, owner }: ToolsImageSources,
  busybox: Busybox,
  signal: AbortSignal | undefined,
): Promise<void> {
  const labels = { [label.tools]: 'true', [label.executorsGroupId]: owner.executorsGroupId }
  const { pack } = await import('tar-stream')
  const tar = pack()
  tar.entry({ name: 'bin', type: 'directory', mode: 0o755 })
  tar.entry({ name: 'bin/busybox', mode: 0o755 }, busybox.bytes)
  tar.finalize()
  const stream = await client.stream('POST', '/images/create', {
    // Podman heeds a tag only as a part of the name.
    query: {
      fromSrc: '-',
      repo: builtName(busybox),
      changes: Object.entries(labels).map(([name, value]) => `LABEL ${name}=${value}`),
    },
    file: tar.pipe(new PassThrough()),
    signal,
  })
  for await (const { error } of jsonLines(stream)) {
    if (error !== undefined)
      throw new AgolaError('driverFailed', `the engine could not import the tools: ${String(error)}`)
  }
}

function explain({ image, hostBusyboxPaths }: ToolsSettings, cause: unknown): AgolaError {
  const why = cause instanceof Error ? cause.message : String(cause)
  return new AgolaError(
    'imageUnavailable',
    `the tools image is missing: ${why}. Load ${image} into the engine, name another one in the settings, or install a static busybox here (looked for ${hostBusyboxPaths.join(', ')})`,
    { cause, details: { image } },
  )
}

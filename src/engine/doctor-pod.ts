import { type EngineClient, EngineFailure } from './adapters/drivers/docker/client.ts'
import { adviceFor } from './adapters/drivers/docker/engine-advice.ts'
import { label } from './adapters/drivers/docker/labels.ts'
import { toolbox, toolsDir } from './adapters/drivers/docker/toolbox.ts'
import { systemClock } from './adapters/system.ts'
import { type Check, fail, ok, warn } from './doctor-check.ts'
import { messageOf } from './model/errors.ts'

const name = 'start of a container'
const hint = "try the same with the engine's own command line: docker (or podman) run --rm IMAGE true"
const startMsMax = 30_000
const slowMs = 5_000

/** Engines answer that cannot start anything, those of users without privileges most often: the tools run once, in the first image of the
 *  config that is there. Without such an image or the volume of the tools there is nothing to try yet. */
export async function checkPod(client: EngineClient, images: readonly string[]): Promise<Check[]> {
  const [volume, image] = await Promise.all([toolsVolume(client), firstPresent(client, images)])
  if (volume === null || image === null) return []
  try {
    const ms = await startOnce(client, image, volume)
    if (ms > slowMs) return [warn(name, `took ${ms} ms`, 'see what keeps the engine and its disk busy', { ms })]
    return [ok(name, `took ${ms} ms`, { ms })]
  } catch (error) {
    const complaint = error instanceof EngineFailure ? error.complaint : messageOf(error)
    return [fail(name, complaint, adviceFor(complaint) ?? hint)]
  }
}

async function toolsVolume(client: EngineClient): Promise<string | null> {
  const query = { filters: { label: [`${label.tools}=true`] } }
  const { Volumes } = (await client.json('GET', '/volumes', { query })) as { Volumes?: { Name?: unknown }[] | null }
  const volume = Volumes?.[0]?.Name
  return typeof volume === 'string' ? volume : null
}

async function firstPresent(client: EngineClient, images: readonly string[]): Promise<string | null> {
  for (const image of images) {
    const found = await client.json('GET', `/images/${image}/json`).catch(() => null)
    if (found !== null) return image
  }
  return null
}

/** In milliseconds, up to the end of a program that does nothing. */
async function startOnce(client: EngineClient, image: string, volume: string): Promise<number> {
  const signal = AbortSignal.timeout(startMsMax)
  const begun = systemClock.now()
  const body = {
    Image: image,
    Entrypoint: toolbox('true'),
    Cmd: [],
    Labels: { [label.agola]: 'true', [label.expires]: String(Math.ceil((begun + startMsMax) / 1000)) },
    HostConfig: { Mounts: [{ Type: 'volume', Source: volume, Target: toolsDir, ReadOnly: true }] },
  }
  const created = (await client.json('POST', '/containers/create', { body, signal })) as { Id?: unknown }
  const path = `/containers/${String(created.Id)}`
  try {
    await client.json('POST', `${path}/start`, { signal })
    const { StatusCode } = (await client.json('POST', `${path}/wait`, { signal })) as { StatusCode?: unknown }
    if (StatusCode !== 0) throw new Error(`the tools ended with ${String(StatusCode)} in image ${image}`)
    return systemClock.now() - begun
  } finally {
    await client.json('DELETE', path, { query: { force: true, v: true } })
  }
}

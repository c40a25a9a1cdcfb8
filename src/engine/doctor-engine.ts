import { EngineClient } from './adapters/drivers/docker/client.ts'
import { findClientCredentials, readClientConfig } from './adapters/drivers/docker/client-config.ts'
import { imageAvailability } from './adapters/drivers/docker/image-availability.ts'
import { parseImageReference } from './adapters/drivers/docker/image-reference.ts'
import { label } from './adapters/drivers/docker/labels.ts'
import { defaultToolsSettings } from './adapters/drivers/docker/tools-image.ts'
import { clientConfigDir, type Surroundings } from './adapters/drivers/engine-candidates.ts'
import { type EngineAttempt, findEngine } from './adapters/drivers/find-engine.ts'
import { staticBinaryArch } from './adapters/drivers/static-binary.ts'
import { type Check, fail, guarded, ok, warn } from './doctor-check.ts'
import { checkSpace, freeSpace } from './doctor-machine.ts'
import { checkPod } from './doctor-pod.ts'
import { messageOf } from './model/errors.ts'
import { homeDirectory } from './this-user.ts'

export interface EngineExamination {
  checks: Check[]
  /** null: no engine answers, or it did not say. */
  engineTime: number | null
}

const askMsMax = 15_000

/** The container engine, its room, the tools for pods, and every image of the config. Nothing is pulled. */
export async function checkEngine(
  environment: NodeJS.ProcessEnv,
  images: readonly string[],
): Promise<EngineExamination> {
  const surroundings: Surroundings = {
    ...{ environment, homeDir: homeDirectory(), userId: process.getuid?.() ?? null, platform: process.platform },
  }
  const { engine, description, attempts } = await findEngine(surroundings)
  if (engine === null) {
    const found = `no container engine answers: ${describeAttempts(attempts)}`
    const hint = 'start Docker or Podman, set DOCKER_HOST, or run with --driver host'
    return { checks: [fail('container engine', found, hint, { attempts })], engineTime: null }
  }
  const client = new EngineClient(engine)
  const found = `${description}, API ${engine.version.apiVersion}, ${engine.version.arch}`
  const info = await engineInfo(client).catch(() => ({ rootDirectory: '', time: null }))
  const checks = [
    ok('container engine', found, { attempts }),
    ...(await checkEngineDisk(info.rootDirectory)),
    ...(await guarded('tools for pods', toolsHint, async () => [await checkTools(client, surroundings)])),
    ...(await checkPod(client, images)),
    ...(await checkImages(client, surroundings, images)),
  ]
  return { checks, engineTime: info.time }
}

/** Where nobody was, told apart only when these are few. */
function describeAttempts(attempts: readonly EngineAttempt[]): string {
  const isSilent = ({ reason }: EngineAttempt) => attempts.length > 3 && reason?.startsWith('there is no such socket')
  const told = attempts.filter((attempt) => !isSilent(attempt))
  const lines = told.map(({ origin, url, reason }) => `${origin}${url === '' ? '' : ` at ${url}`}: ${reason}`)
  const silent = attempts.length - told.length
  return [...lines, ...(silent > 0 ? [`${silent} usual places have no socket`] : [])].join('; ')
}

const toolsHint = `install a static busybox here, or load an image with one and name it with --tools-image`

async function engineInfo(client: EngineClient): Promise<{ rootDirectory: string; time: number | null }> {
  const info = (await client.json('GET', '/info', { signal: AbortSignal.timeout(askMsMax) })) as Record<string, unknown>
  const time = typeof info.SystemTime === 'string' ? Date.parse(info.SystemTime) : Number.NaN
  const rootDirectory = typeof info.DockerRootDir === 'string' ? info.DockerRootDir : ''
  return { rootDirectory, time: Number.isNaN(time) ? null : time }
}

/** Only where the engine's directory is one of this machine. */
async function checkEngineDisk(rootDirectory: string): Promise<Check[]> {
  const bytes = rootDirectory === '' ? null : await freeSpace(rootDirectory).catch(() => null)
  if (bytes === null) return []
  return [checkSpace('disk of the engine', bytes, 'free some space there: docker system prune')]
}

/** A filled volume, the image, a busybox of this machine, or a registry that has the image: any of them will do. */
async function checkTools(client: EngineClient, surroundings: Surroundings): Promise<Check> {
  const name = 'tools for pods'
  const query = { filters: { label: [`${label.tools}=true`] } }
  const volumes = (await client.json('GET', '/volumes', { query })) as { Volumes?: unknown[] | null }
  if ((volumes.Volumes ?? []).length > 0) return ok(name, 'their volume is there')
  for (const path of defaultToolsSettings.hostBusyboxPaths) {
    if ((await staticBinaryArch(path)) === client.engine.version.arch) return ok(name, `can be made from ${path}`)
  }
  const { image } = defaultToolsSettings
  const answer = await availability(client, surroundings, image)
  if (answer.state === 'present') return ok(name, `${image} is there`)
  if (answer.state === 'pullable') return ok(name, `${image} can be pulled`)
  const found = `${image}: ${answer.reason}`
  return answer.state === 'unknown' ? warn(name, found, toolsHint) : fail(name, found, toolsHint)
}

async function checkImages(
  client: EngineClient,
  surroundings: Surroundings,
  images: readonly string[],
): Promise<Check[]> {
  return await Promise.all(images.map((image) => checkImage(client, surroundings, image)))
}

async function checkImage(client: EngineClient, surroundings: Surroundings, image: string): Promise<Check> {
  const name = `image ${image}`
  const hint = 'check its name, log in to its registry (docker login), or load it into the engine'
  try {
    const answer = await availability(client, surroundings, image)
    if (answer.state === 'present') return ok(name, 'is there')
    if (answer.state === 'pullable') return ok(name, 'can be pulled')
    // The config may hold credentials that only a run knows.
    return warn(
      name,
      `is not there, and ${answer.state === 'unknown' ? '' : 'cannot be pulled as it seems: '}${answer.reason}`,
      hint,
    )
  } catch (error) {
    return fail(name, messageOf(error), hint)
  }
}

async function availability(client: EngineClient, surroundings: Surroundings, image: string) {
  const { registry } = parseImageReference(image)
  const config = await readClientConfig(clientConfigDir(surroundings))
  const credentials = await findClientCredentials(registry, config, surroundings.environment, () => undefined)
  return await imageAvailability(client, image, credentials, { signal: AbortSignal.timeout(askMsMax) })
}

import { AgolaError } from '../../../model/errors.ts'
import type { Clock } from '../../../ports/clock.ts'
import type { CreatePodOptions, PodOpened, PodRequest } from '../../../ports/pod-driver.ts'
import { withinTime } from '../../../std/alarm.ts'
import { allOf } from '../../../std/all-of.ts'
import { type EngineClient, EngineFailure } from './client.ts'
import type { EngineEvents } from './events.ts'
import { Lifeline } from './lifeline.ts'
import { removeContainer } from './removal.ts'
import type { ContainerSpec } from './spec.ts'
import { explainRefusal, isImageMissing, isToolsMissing } from './start-refusal.ts'
import { ContainerWatch } from './watch.ts'

export interface CreationParts {
  client: EngineClient
  clock: Clock
  events: EngineEvents
  pull: (image: string) => Promise<void>
  repairTools: () => Promise<void>
}

export interface CreatedPod {
  /** The main one first. */
  containerIds: string[]
  watch: ContainerWatch
  lifeline: Lifeline | null
  opened: PodOpened | null
}

const toolsAttempts = [50, 200, 600]

/** Creates and starts the containers of a pod, as much as possible at the same time. Leaves what it made to its caller when it fails. */
export async function startPod(
  parts: CreationParts,
  request: PodRequest,
  specs: ContainerSpec[],
  options: CreatePodOptions,
): Promise<CreatedPod> {
  const create = (spec: ContainerSpec) => createContainer(parts, request, spec, options)
  const [mainSpec, ...serviceSpecs] = specs
  if (mainSpec === undefined) throw new AgolaError('assertionFailed', 'a pod without containers')
  const mainCreated = create(mainSpec)
  // All are waited for, also after a failure: what is still being created could not be removed.
  const services = serviceSpecs.map((spec) => createService(() => create(spec), mainCreated))
  const ids = await allOf([mainCreated, ...services])
  options.signal?.throwIfAborted()
  const [mainId = '', ...serviceIds] = ids
  const main = await startMain(parts, request, mainSpec, mainId, create, options)
  options.signal?.throwIfAborted()
  const starts = serviceIds.map((id, index) => startService(parts, serviceSpecs[index]?.body.Image ?? '', id))
  await allOf(starts)
  options.signal?.throwIfAborted()
  return { ...main, containerIds: [main.mainId, ...serviceIds] }
}

/** Some engines want the container whose network is shared to exist first. */
async function createService(create: () => Promise<string>, mainCreated: Promise<string>): Promise<string> {
  try {
    return await create()
  } catch (error) {
    if (!isSharedContainerMissing(error)) throw error
    await mainCreated
    return create()
  }
}

function isSharedContainerMissing(error: unknown): boolean {
  const { cause } = error as { cause?: unknown }
  return (
    cause instanceof EngineFailure &&
    /container/i.test(cause.complaint) &&
    /no such container|not found|no container/i.test(cause.complaint)
  )
}

/** Optimistic: the engine itself says when an image is missing, so that a present one costs no request. */
async function createContainer(
  { client, pull }: CreationParts,
  { pull: policy }: PodRequest,
  { query, body }: ContainerSpec,
  options: CreatePodOptions,
): Promise<string> {
  const send = async () => {
    const answer = (await client.json('POST', '/containers/create', { query, body })) as {
      Id?: unknown
      Warnings?: unknown
    }
    for (const warning of Array.isArray(answer.Warnings) ? answer.Warnings : [])
      options.onMessage(`${body.Image}: ${warning}`)
    return String(answer.Id)
  }
  try {
    return await send()
  } catch (error) {
    if (!(error instanceof EngineFailure)) throw error
    if (!isImageMissing(error)) throw explainRefusal(body.Image, error)
    if (policy === 'never') throw notPresent(body.Image, query.platform, error)
    await pull(body.Image)
  }
  options.signal?.throwIfAborted()
  try {
    return await send()
  } catch (error) {
    throw error instanceof EngineFailure ? explainRefusal(body.Image, error) : error
  }
}

function notPresent(image: string, platform: string | undefined, cause: EngineFailure): AgolaError {
  const wanted = platform === undefined ? image : `${image} for ${platform}`
  return new AgolaError(
    'imageUnavailable',
    `the container engine does not have ${wanted}, and may not pull it; allow pulling (--pull missing), or load the image first`,
    { cause, details: { image } },
  )
}

async function startMain(
  parts: CreationParts,
  request: PodRequest,
  spec: ContainerSpec,
  firstId: string,
  create: (spec: ContainerSpec) => Promise<string>,
  options: CreatePodOptions,
): Promise<{ mainId: string } & Omit<CreatedPod, 'containerIds'>> {
  let mainId = firstId
  for (const pauseMs of [...toolsAttempts, null]) {
    const watch = new ContainerWatch(mainId, parts.client, parts.events, parts.clock)
    try {
      const { lifeline, opened } = await startWithLifeline(parts, spec, mainId, isOpening(request))
      void lifeline?.closed.then(() => watch.verify())
      return { mainId, watch, lifeline, opened }
    } catch (error) {
      watch.close()
      if (!(error instanceof EngineFailure)) throw error
      if (pauseMs === null || !isToolsMissing(error)) throw explainMain(spec, error)
    }
    options.signal?.throwIfAborted()
    await parts.repairTools()
    await parts.clock.sleep(pauseMs, options.signal)
    // Under the same name, by which the services know it.
    await removeContainer(parts.client, parts.clock, mainId, options)
    mainId = await create(spec)
  }
  throw new AgolaError('assertionFailed', 'the last attempt returns or throws')
}

function explainMain({ body }: ContainerSpec, failure: EngineFailure): AgolaError {
  if (!isToolsMissing(failure)) return explainRefusal(body.Image, failure)
  return new AgolaError(
    'driverFailed',
    `the tools for containers do not run: ${failure.complaint}; the tools image needs a static busybox at /bin/busybox. Remove the volumes named agola-tools-… to have them made anew`,
    { cause: failure },
  )
}

/** The first process is ours, and its output reaches us. */
function isOpening({ opening, containers, keepUntil }: PodRequest): boolean {
  return opening !== undefined && containers[0]?.entrypoint === '' && keepUntil === undefined
}

/** The first process does little. What is not heard in this time is asked for by a command of its own. */
const openingMsMax = 500

/** We hold the container's standard input, whose end is the container's. */
async function startWithLifeline(
  { client, clock }: CreationParts,
  { body }: ContainerSpec,
  id: string,
  isOpening: boolean,
): Promise<Pick<CreatedPod, 'lifeline' | 'opened'>> {
  if (!body.OpenStdin) {
    await client.json('POST', `/containers/${id}/start`)
    return { lifeline: null, opened: null }
  }
  // Before the start: what a container says while nobody is attached is lost, and an engine that starts one lets nobody attach meanwhile.
  const query = { stream: true, stdin: true, ...(isOpening && { stdout: true, stderr: true }) }
  const lifeline = new Lifeline(await client.upgrade(`/containers/${id}/attach`, { query }))
  try {
    const opening = isOpening ? lifeline.readOpening() : null
    await client.json('POST', `/containers/${id}/start`)
    return { lifeline, opened: opening && (await withinTime(opening, clock, openingMsMax)) }
  } catch (error) {
    lifeline.destroy()
    throw error
  }
}

async function startService({ client }: CreationParts, image: string, id: string): Promise<void> {
  try {
    await client.json('POST', `/containers/${id}/start`)
  } catch (error) {
    throw error instanceof EngineFailure ? explainRefusal(image, error) : error
  }
}

import { AgolaError } from '../../../model/errors.ts'
import type { PodId } from '../../../model/ids.ts'
import type { CallOptions } from '../../../ports/call-options.ts'
import type { Clock } from '../../../ports/clock.ts'
import type { PodSummary } from '../../../ports/pod-driver.ts'
import { type EngineClient, EngineFailure, hasStatus } from './client.ts'
import { label } from './labels.ts'

interface LabelledObject {
  /** A container's id or a volume's name. */
  id: string
  labels: Record<string, string>
}

export interface PodObjects {
  containers: LabelledObject[]
  volumes: LabelledObject[]
}

const busyPausesMs = [50, 200, 800]
const goneTimeoutMs = 30_000

/** All containers and volumes with these labels; the shared tools volumes belong to no pod and are left out. */
export async function findObjects(
  client: EngineClient,
  labels: string[],
  { signal }: CallOptions = {},
): Promise<PodObjects> {
  const filters = { label: labels }
  const [containers, volumes] = await Promise.all([
    client.json('GET', '/containers/json', { query: { all: true, filters }, signal }),
    client.json('GET', '/volumes', { query: { filters }, signal }),
  ])
  const volumeList = (volumes as { Volumes?: unknown } | null)?.Volumes
  return {
    containers: toObjects(containers, 'Id'),
    volumes: toObjects(volumeList, 'Name').filter((volume) => volume.labels[label.tools] === undefined),
  }
}

function toObjects(value: unknown, idKey: 'Id' | 'Name'): LabelledObject[] {
  if (!Array.isArray(value)) return []
  return value.map((item: Record<string, unknown>) => ({
    id: String(item[idKey]),
    labels: (item.Labels ?? {}) as Record<string, string>,
  }))
}

/** Pods as their labels tell them, in the order of their ids. Objects without a pod id are nobody's. */
export function toSummaries({ containers, volumes }: PodObjects): PodSummary[] {
  const found = new Map<PodId, PodSummary>()
  for (const { labels } of [...containers, ...volumes]) {
    const podId = labels[label.podId]
    if (podId === undefined) continue
    const known = found.get(podId)
    const taskId = labels[label.taskId] ?? ''
    if (known !== undefined) {
      if (known.taskId === '') known.taskId = taskId
      continue
    }
    const keepUntil = labels[label.keep] === 'true' ? Number(labels[label.expires]) * 1000 : null
    found.set(podId, { podId, executorId: labels[label.executorId] ?? '', taskId, labels, keepUntil })
  }
  return [...found.values()].sort((a, b) => (a.podId < b.podId ? -1 : 1))
}

/** Removes containers with their anonymous volumes, then volumes. What is gone already is no error.
 *  Resolves when none of it is listed any more; rejects with the first failure after everything was tried. */
export async function removeObjects(
  client: EngineClient,
  clock: Clock,
  objects: PodObjects,
  options: CallOptions = {},
): Promise<void> {
  const containerIds = objects.containers.map(({ id }) => id)
  await removeContainers(client, clock, containerIds, options)
  const volumeNames = objects.volumes.map(({ id }) => id)
  await removeAll(volumeNames, (name) => removeVolume(client, clock, name, options))
}

/** As `removeObjects`, for containers that are known by their ids. */
export async function removeContainers(
  client: EngineClient,
  clock: Clock,
  ids: string[],
  options: CallOptions = {},
): Promise<void> {
  await removeAll(ids, (id) => removeContainer(client, clock, id, options))
}

/** All at once; what fails is tried again as long as others succeed: Podman removes a container only after those that share its network. */
async function removeAll(ids: string[], remove: (id: string) => Promise<void>): Promise<void> {
  const results = await Promise.allSettled(ids.map(remove))
  const failed = ids.filter((_, index) => results[index]?.status === 'rejected')
  if (failed.length === 0) return
  if (failed.length < ids.length) return removeAll(failed, remove)
  for (const result of results) if (result.status === 'rejected') throw result.reason
}

/** Resolves when it is gone, whoever removes it. */
export async function removeContainer(
  client: EngineClient,
  clock: Clock,
  id: string,
  { signal }: CallOptions,
): Promise<void> {
  try {
    await client.json('DELETE', `/containers/${id}`, { query: { force: true, v: true }, signal })
  } catch (error) {
    if (hasStatus(error, 404)) return
    if (!(error instanceof EngineFailure)) throw error
    // Somebody else removes it, most often the engine itself: AutoRemove.
    if (!/already in progress|is dead|no such container/i.test(error.complaint)) throw refused(`container ${id}`, error)
    await untilGone(client, clock, id, signal)
  }
}

async function untilGone(
  client: EngineClient,
  clock: Clock,
  id: string,
  signal: AbortSignal | undefined,
): Promise<void> {
  for (
    let waitedMs = 0, pauseMs = 10;
    waitedMs < goneTimeoutMs;
    waitedMs += pauseMs, pauseMs = Math.min(pauseMs * 2, 250)
  ) {
    try {
      await client.json('GET', `/containers/${id}/json`, { signal })
    } catch (error) {
      if (hasStatus(error, 404)) return
      throw error
    }
    await clock.sleep(pauseMs, signal)
  }
  throw new AgolaError('driverFailed', `the container engine does not end the removal of container ${id}`)
}

async function removeVolume(client: EngineClient, clock: Clock, name: string, { signal }: CallOptions): Promise<void> {
  for (const pauseMs of [...busyPausesMs, null]) {
    try {
      await client.json('DELETE', `/volumes/${name}`, { query: { force: true }, signal })
      return
    } catch (error) {
      if (hasStatus(error, 404)) return
      if (!(error instanceof EngineFailure)) throw error
      if (pauseMs === null || error.status !== 409) throw refused(`volume ${name}`, error)
    }
    await clock.sleep(pauseMs, signal)
  }
}

function refused(what: string, cause: EngineFailure): AgolaError {
  return new AgolaError('driverFailed', `the container engine did not remove ${what}: ${cause.complaint}`, { cause })
}

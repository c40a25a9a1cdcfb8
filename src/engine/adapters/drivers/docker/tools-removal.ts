import type { CallOptions } from '../../../ports/call-options.ts'
import { type EngineClient, hasStatus } from './client.ts'
import { label } from './labels.ts'

export interface RemovedTools {
  count: number
  /** Names of those that containers use just now. */
  inUse: string[]
}

export interface ToolsRemoval extends CallOptions {
  dryRun: boolean
  /** Whose tools: those that others have made stay, as they may be running something just now. */
  executorsGroupId: string
}

/** Removes the shared tools volumes that a group has made, and the images that it has built for them. Who needs them again makes them. */
export async function removeTools(
  client: EngineClient,
  { dryRun, executorsGroupId, signal }: ToolsRemoval,
): Promise<RemovedTools> {
  const removed: RemovedTools = { count: 0, inUse: [] }
  for (const [path, name] of await findTools(client, executorsGroupId, { signal })) {
    try {
      if (!dryRun) await client.json('DELETE', path, { signal })
      removed.count += 1
    } catch (error) {
      if (hasStatus(error, 409)) removed.inUse.push(name)
      else if (!hasStatus(error, 404)) throw error
    }
  }
  return removed
}

/** Volumes first: an image is in use as long as a helper container fills a volume from it. */
async function findTools(
  client: EngineClient,
  executorsGroupId: string,
  { signal }: CallOptions,
): Promise<[path: string, name: string][]> {
  const query = { filters: { label: [`${label.tools}=true`, `${label.executorsGroupId}=${executorsGroupId}`] } }
  const volumes = (await client.json('GET', '/volumes', { query, signal })) as { Volumes?: { Name?: unknown }[] | null }
  const images = (await client.json('GET', '/images/json', { query, signal })) as { RepoTags?: unknown }[]
  const volumeNames = (volumes.Volumes ?? []).map(({ Name }) => String(Name))
  const imageNames = images.flatMap(({ RepoTags }) => (Array.isArray(RepoTags) ? RepoTags.map(String) : []))
  return [
    ...volumeNames.map((name): [string, string] => [`/volumes/${name}`, `volume ${name}`]),
    ...imageNames.map((name): [string, string] => [`/images/${name}`, `image ${name}`]),
  ]
}

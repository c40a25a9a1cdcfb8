import type { PodRequest } from '../../../ports/pod-driver.ts'

/** Labels on all that the driver makes (spec/executor.md 18.2, spec/local-runs.md 10). */
export const label = {
  agola: 'agola.io/agola',
  executorsGroupId: 'agola.io/executorsgroupid',
  executorId: 'agola.io/executorid',
  podId: 'agola.io/podid',
  taskId: 'agola.io/taskid',
  containerIndex: 'agola.io/containerindex',
  mode: 'agola.io/mode',
  /** Unix seconds. */
  created: 'agola.io/created',
  /** Unix seconds: any janitor may remove the object afterwards. */
  expires: 'agola.io/expires',
  /** The pod is to survive its process. */
  keep: 'agola.io/keep',
  /** On the shared tools volumes and their images, which no sweep touches. */
  tools: 'agola.io/tools',
  toolsImage: 'agola.io/toolsimage',
} as const

/** A pod that nobody keeps is rubbish after this time at the latest. */
export const podAgeMsMax = 100 * 3_600_000

export interface PodOwner {
  executorsGroupId: string
  mode: 'local' | 'server'
}

export function podLabels(request: PodRequest, owner: PodOwner, nowMs: number): Record<string, string> {
  const expiresMs = request.keepUntil ?? nowMs + podAgeMsMax
  return {
    ...request.labels,
    [label.agola]: 'true',
    [label.executorsGroupId]: owner.executorsGroupId,
    [label.executorId]: request.executorId,
    [label.podId]: request.podId,
    [label.taskId]: request.taskId,
    [label.mode]: owner.mode,
    [label.created]: seconds(nowMs),
    [label.expires]: seconds(expiresMs),
    ...(request.keepUntil !== undefined && { [label.keep]: 'true' }),
  }
}

export function seconds(timeMs: number): string {
  return String(Math.floor(timeMs / 1000))
}

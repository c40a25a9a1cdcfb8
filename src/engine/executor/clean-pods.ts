import type { ExecutorId, PodId, TimeMs } from '../model/ids.ts'
import type { CallOptions } from '../ports/call-options.ts'
import type { PodDriver, PodSummary } from '../ports/pod-driver.ts'

export interface CleanPodsOptions {
  driver: PodDriver
  now: () => TimeMs
  own: ExecutorId
  /** Of the executor itself, those that are being made included. */
  wanted: ReadonlySet<PodId>
  siblings: ((options?: CallOptions) => Promise<ExecutorId[]>) | undefined
}

/** Sweeps pods that should not exist (spec/local-runs.md 10): own ones that no task wants, and those of executors that are gone,
 *  unless somebody asked to keep them. Every removal is tried; the first error is thrown in the end. */
export async function cleanPods(options: CleanPodsOptions, signal: AbortSignal): Promise<void> {
  const unwanted = await findUnwantedPods(options, signal)
  const results = await Promise.allSettled(unwanted.map((pod) => options.driver.removePod(pod.podId, { signal })))
  const failed = results.find((result) => result.status === 'rejected')
  if (failed !== undefined) throw failed.reason
}

/** The pods that a sweep would remove now. */
export async function findUnwantedPods(options: CleanPodsOptions, signal?: AbortSignal): Promise<PodSummary[]> {
  const pods = await options.driver.listPods({ signal })
  // Asked after listing: whoever owned a pod then and lives is alive now.
  const alive = options.siblings === undefined ? undefined : new Set(await options.siblings({ signal }))
  return pods.filter((pod) => isUnwanted(pod, alive, options))
}

function isUnwanted(pod: PodSummary, alive: Set<ExecutorId> | undefined, options: CleanPodsOptions): boolean {
  if (pod.executorId === options.own) return !options.wanted.has(pod.podId)
  if (alive === undefined || alive.has(pod.executorId)) return false
  return pod.keepUntil === null || pod.keepUntil <= options.now()
}

import { isDeepStrictEqual } from 'node:util'
import type { ExecutorTaskSpec, ExecutorTaskWithSpec } from '../model/executor-task.ts'
import type { ExecutorTaskId } from '../model/ids.ts'
import type { PodSetUp } from './pod-set-up.ts'

/** Pods made ahead for tasks that are likely to come (ports: ExecutorClient.prepare). They are never reported. */
export class PreparedPods {
  readonly #limit: number
  readonly #start: (task: ExecutorTaskWithSpec) => Promise<PodSetUp>
  readonly #dispose: (task: ExecutorTaskWithSpec, setUp: PodSetUp) => Promise<void>
  readonly #pods = new Map<ExecutorTaskId, { task: ExecutorTaskWithSpec; setUp: Promise<PodSetUp> }>()
  readonly #leaving = new Set<Promise<void>>()

  constructor(
    limit: number,
    start: (task: ExecutorTaskWithSpec) => Promise<PodSetUp>,
    dispose: (task: ExecutorTaskWithSpec, setUp: PodSetUp) => Promise<void>,
  ) {
    this.#limit = limit
    this.#start = start
    this.#dispose = dispose
  }

  has(taskId: ExecutorTaskId): boolean {
    return this.#pods.has(taskId)
  }

  /** A hint beyond the limit, or for a task that has one already, does nothing. */
  prepare(task: ExecutorTaskWithSpec): void {
    if (this.#pods.size >= this.#limit || this.#pods.has(task.id)) return
    const setUp = this.#start(task)
    // Nobody waits for it yet: a failure shows when it is taken.
    setUp.catch(() => undefined)
    this.#pods.set(task.id, { task, setUp })
  }

  /** Gives the set-up of the task away, ready or not; undefined when there is none that fits, or it has failed. */
  async take(task: ExecutorTaskWithSpec): Promise<PodSetUp | undefined> {
    const entry = this.#pods.get(task.id)
    if (entry === undefined) return undefined
    this.#pods.delete(task.id)
    const setUp = await entry.setUp.catch(() => undefined)
    if (setUp === undefined) return undefined
    if (samePod(entry.task.spec, task.spec) && setUp.isUsable) return setUp
    await this.#dispose(entry.task, setUp)
    return undefined
  }

  async discard(taskId: ExecutorTaskId): Promise<void> {
    const entry = this.#pods.get(taskId)
    if (entry === undefined) return
    this.#pods.delete(taskId)
    const leaving = entry.setUp.then(
      (setUp) => this.#dispose(entry.task, setUp),
      () => undefined,
    )
    this.#leaving.add(leaving)
    await leaving.finally(() => this.#leaving.delete(leaving))
  }

  /** Discards all, and waits for those that are leaving already. */
  async close(): Promise<void> {
    await Promise.all([...[...this.#pods.keys()].map((taskId) => this.discard(taskId)), ...this.#leaving])
  }
}

/** Whether a pod made for one spec serves the other: restored archives may have been added meanwhile, images not. */
function samePod(a: ExecutorTaskSpec, b: ExecutorTaskSpec): boolean {
  const podOf = (spec: ExecutorTaskSpec) => ({
    arch: spec.arch,
    containers: spec.containers,
    registries: spec.dockerRegistriesAuth,
    environment: spec.environment,
    workingDir: spec.workingDir,
    user: spec.user,
    labels: spec.labels,
    secrets: spec.secretValues,
  })
  return isDeepStrictEqual(podOf(a), podOf(b))
}

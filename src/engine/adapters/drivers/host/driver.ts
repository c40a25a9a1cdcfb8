import { join } from 'node:path'
import type { PodId } from '../../../model/ids.ts'
import type { Arch } from '../../../model/run-config.ts'
import type { CallOptions } from '../../../ports/call-options.ts'
import type { Clock } from '../../../ports/clock.ts'
import type {
  CreatePodOptions,
  Pod,
  PodDriver,
  PodDriverCapabilities,
  PodRequest,
  PodSummary,
} from '../../../ports/pod-driver.ts'
import type { Random } from '../../../ports/random.ts'
import { HostPod } from './pod.ts'
import { listPodDirectories, makePodDirectory, type PodDirectory, removeTree } from './pod-directory.ts'
import { endProcesses, podMarker } from './processes.ts'
import { podEnvironment } from './spec.ts'
import { findHostTools, type HostTools } from './toolbox.ts'
import { Watchdog } from './watchdog.ts'

export interface HostDriverOptions {
  clock: Clock
  random: Random
  executorsGroupId: string
  /** Pods live below it; made when needed. */
  baseDir: string
  /** Of the user, of which steps get a few variables. */
  environment: Record<string, string | undefined>
  hostBusyboxPaths: string[]
}

/** Pods as plain processes of this user in private directories: no images, no isolation. For machines without a container engine. */
export class HostDriver implements PodDriver {
  readonly name = 'host'
  readonly #options: HostDriverOptions
  readonly #pods = new Map<PodId, HostPod>()
  #tools: Promise<HostTools> | undefined

  constructor(options: HostDriverOptions) {
    this.#options = options
  }

  async capabilities(): Promise<PodDriverCapabilities> {
    const { busybox, script } = await this.#findTools()
    const told = [
      busybox === '' ? "the system's sh and tar" : `tools of ${busybox}`,
      ...(script === '' ? ['no terminals'] : []),
    ]
    const description = `plain processes of this machine, below ${this.#options.baseDir} (${told.join(', ')})`
    return { archs: [hostArch()], privilegedContainers: false, images: false, description }
  }

  async createPod(request: PodRequest, options: CreatePodOptions): Promise<Pod> {
    options.signal?.throwIfAborted()
    const { baseDir, environment, random } = this.#options
    const tools = await this.#findTools()
    const path = join(baseDir, random.uuid())
    const keepSeconds = this.#keepSeconds(request)
    // A watchdog that keeps a pod takes a directory that is not there for a removed one.
    if (keepSeconds > 0) await makePodDirectory(path, this.#record(request))
    // Runs when this returns: whenever this process dies from here on, the directory goes, be it made in part.
    const starting = Watchdog.start(request.podId, path, keepSeconds, environment.PATH ?? '/usr/bin:/bin')
    const [watched, made] = await Promise.allSettled([starting, makePodDirectory(path, this.#record(request))])
    try {
      options.signal?.throwIfAborted()
      if (made.status === 'rejected') throw made.reason
      if (watched.status === 'rejected') throw watched.reason
      return this.#toPod(request, tools, made.value, watched.value)
    } catch (error) {
      await removeTree(path)
      if (watched.status === 'fulfilled') await watched.value.dismiss()
      throw error
    }
  }

  async listPods(): Promise<PodSummary[]> {
    const found = await listPodDirectories(this.#options.baseDir)
    return found
      .filter(({ record }) => record.executorsGroupId === this.#options.executorsGroupId)
      .map(({ record: { podId, executorId, taskId, labels, keepUntil } }) => ({
        podId,
        executorId,
        taskId,
        labels,
        keepUntil,
      }))
      .sort((a, b) => (a.podId < b.podId ? -1 : 1))
  }

  async removePod(podId: PodId, options: CallOptions = {}): Promise<void> {
    const own = this.#pods.get(podId)
    if (own === undefined) await this.#removeParts(podId, options)
    else await own.remove(options)
  }

  async #removeParts(podId: PodId, { signal }: CallOptions): Promise<void> {
    signal?.throwIfAborted()
    const found = await listPodDirectories(this.#options.baseDir)
    await endProcesses(podMarker, podId, this.#options.clock)
    await Promise.all(found.filter(({ record }) => record.podId === podId).map(({ path }) => removeTree(path)))
    this.#pods.delete(podId)
  }

  expectPods(): void {
    // What a removed pod leaves serves no other one.
  }

  /** There is no connection; pods end with this process. */
  close(): Promise<void> {
    return Promise.resolve()
  }

  #toPod(request: PodRequest, tools: HostTools, directory: PodDirectory, watchdog: Watchdog): HostPod {
    const { clock, random, environment } = this.#options
    const configured = request.containers[0]?.environment ?? {}
    const pod = new HostPod({
      id: request.podId,
      arch: hostArch(),
      clock,
      random,
      tools,
      directory,
      watchdog,
      environment: podEnvironment(environment, directory, request.podId, configured),
      remove: (options) => this.#removeParts(request.podId, options),
    })
    this.#pods.set(request.podId, pod)
    return pod
  }

  #keepSeconds({ keepUntil }: PodRequest): number {
    if (keepUntil === undefined) return 0
    return Math.max(1, Math.ceil((keepUntil - this.#options.clock.now()) / 1000))
  }

  #record({ podId, executorId, taskId, labels, keepUntil }: PodRequest) {
    const { executorsGroupId } = this.#options
    return { podId, executorsGroupId, executorId, taskId, labels, keepUntil: keepUntil ?? null }
  }

  #findTools(): Promise<HostTools> {
    const { hostBusyboxPaths, environment } = this.#options
    this.#tools ??= findHostTools(hostBusyboxPaths, environment.PATH ?? '')
    return this.#tools
  }
}

function hostArch(): Arch {
  const names: Record<string, Arch> = { x64: 'amd64', arm64: 'arm64', arm: 'arm', ia32: '386' }
  return names[process.arch] ?? 'amd64'
}

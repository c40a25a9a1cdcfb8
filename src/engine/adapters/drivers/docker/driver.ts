import { AgolaError, hasCode, messageOf } from '../../../model/errors.ts'
import type { PodId } from '../../../model/ids.ts'
import type { Arch } from '../../../model/run-config.ts'
import type { CallOptions } from '../../../ports/call-options.ts'
import type { Clock } from '../../../ports/clock.ts'
import type { Log } from '../../../ports/log.ts'
import type {
  CreatePodOptions,
  Pod,
  PodDriver,
  PodDriverCapabilities,
  PodRequest,
  PodSummary,
} from '../../../ports/pod-driver.ts'
import type { Random } from '../../../ports/random.ts'
import { abortable } from '../../../std/abortable.ts'
import { EngineClient } from './client.ts'
import { findClientCredentials, readClientConfig } from './client-config.ts'
import { whyTooLarge } from './command-size.ts'
import { type CreationParts, startPod } from './creation.ts'
import { EngineEvents } from './events.ts'
import { parseImageReference } from './image-reference.ts'
import { label, type PodOwner } from './labels.ts'
import { DockerPod } from './pod.ts'
import { canLeaveNetwork, type HeldNetwork, PodNetworks } from './pod-networks.ts'
import type { Engine } from './probe.ts'
import { ImagePuller } from './pull.ts'
import { findCredentials, type RegistryCredentials } from './registry-credentials.ts'
import { findObjects, type PodObjects, removeContainers, removeObjects, toSummaries } from './removal.ts'
import { podSpec, type ToolsMount } from './spec.ts'
import type { ToolsSettings } from './tools-image.ts'
import { ToolsVolume } from './tools-volume.ts'
import { ContainerWatch } from './watch.ts'

export interface DockerDriverOptions {
  /** What `findEngine` or `probeEngine` found. */
  engine: Engine
  /** How `findEngine` tells people about it. */
  description?: string
  clock: Clock
  random: Random
  log: Log
  /** Pods of this group and mode are ours and our siblings'. */
  owner: PodOwner
  privilegedContainers: boolean
  tools: ToolsSettings
  /** The user's Docker client, for its credentials; null: only those of the request are used. */
  clientConfig: { dir: string; environment: Record<string, string | undefined> } | null
  /** Services see the main container's processes and end with it, whatever happens to us. */
  strictCleanup?: boolean
  /** '' : the engine's default network. */
  networkMode?: string
}

const undoMsMax = 30_000

/** Pods as containers of a Docker or Podman engine that share the main container's network (spec/executor.md 18.3, spec/local-runs.md 14.2). */
export class DockerDriver implements PodDriver {
  readonly name = 'docker'
  readonly #options: DockerDriverOptions
  readonly #client: EngineClient
  readonly #events: EngineEvents
  readonly #puller: ImagePuller
  readonly #tools: ToolsVolume
  readonly #pods = new Set<DockerPod>()
  readonly #networks: PodNetworks

  constructor(options: DockerDriverOptions) {
    const { engine, clock, random, log, owner, tools } = options
    this.#options = options
    this.#client = new EngineClient(engine)
    this.#events = new EngineEvents(this.#client, owner.executorsGroupId, clock, log)
    this.#puller = new ImagePuller(this.#client, clock)
    this.#networks = new PodNetworks(clock)
    this.#tools = new ToolsVolume({
      client: this.#client,
      puller: this.#puller,
      settings: tools,
      findCredentials: (image) => this.#clientCredentials(parseImageReference(image).registry),
      clock,
      random,
      owner,
    })
  }

  /** Asks for what the first pod needs, so that it can be asked for at once. @throws the reason of `signal` */
  async lookAhead(options: CallOptions = {}): Promise<void> {
    const { signal } = options
    await Promise.all([this.#tools.lookAhead(options), abortable(this.#events.open(), signal)])
    signal?.throwIfAborted()
  }

  async capabilities(): Promise<PodDriverCapabilities> {
    const { engine, privilegedContainers } = this.#options
    const { product, version, arch } = engine.version
    const { description = `${product} ${version} at ${engine.endpoint.url}` } = this.#options
    return { archs: archsOf(arch), privilegedContainers, images: true, description }
  }

  async createPod(request: PodRequest, options: CreatePodOptions): Promise<Pod> {
    this.#check(request)
    options.signal?.throwIfAborted()
    const [tools] = await Promise.all([
      this.#tools.mount(request.executorId, options),
      abortable(this.#events.open(), options.signal),
      request.pull === 'always' ? this.#pullAll(request, options) : undefined,
    ])
    const network = await this.#networkFor(request)
    const joined = network && (await this.#join(network, request, tools, options))
    const pod = joined ?? (await this.#create(request, tools, null, options))
    this.#pods.add(pod)
    void pod.ended.then(() => this.#pods.delete(pod))
    return pod
  }

  expectPods(count: number): void {
    this.#networks.expect(count)
  }

  async listPods(options: CallOptions = {}): Promise<PodSummary[]> {
    return toSummaries(await this.#find([this.#groupLabel()], options))
  }

  async removePod(podId: PodId, options: CallOptions = {}): Promise<void> {
    const objects = await this.#find([this.#groupLabel(), `${label.podId}=${podId}`], options)
    await removeObjects(this.#client, this.#options.clock, objects, options)
  }

  async close(): Promise<void> {
    await this.#networks.close()
    this.#events.close()
    for (const pod of this.#pods) pod.detach()
  }

  async #networkFor(request: PodRequest): Promise<HeldNetwork | null> {
    if (this.#leavesNetwork(request)) return await this.#networks.take()
    this.#networks.pass()
    return null
  }

  /** null: it cannot have that network, whatever became of it. */
  async #join(
    network: HeldNetwork,
    request: PodRequest,
    tools: ToolsMount,
    options: CreatePodOptions,
  ): Promise<DockerPod | null> {
    try {
      return await this.#create(request, tools, network, options)
    } catch (error) {
      this.#networks.end(network)
      options.signal?.throwIfAborted()
      // Of these it fails in any network.
      if (hasCode(error, 'imageUnavailable', 'diskFull', 'driverUnreachable')) throw error
      this.#options.log.debug('a pod could not be made in the network of another one', { error: messageOf(error) })
      return null
    }
  }

  async #create(
    request: PodRequest,
    tools: ToolsMount,
    network: HeldNetwork | null,
    options: CreatePodOptions,
  ): Promise<DockerPod> {
    const { clock, random } = this.#options
    try {
      const networks = this.#leavesNetwork(request) ? this.#networks : null
      const specs = this.#specs(request, tools, { network, leavesNetwork: networks !== null })
      const created = await startPod(this.#creationParts(request, options), request, specs, options)
      // Its containers are known, and it has nothing else.
      const remove = (call: CallOptions) => removeContainers(this.#client, clock, created.containerIds, call)
      const arch = request.arch === '' ? this.#client.engine.version.arch : request.arch
      const container = request.containers[0] ?? { user: '', environment: {} }
      const parts = { id: request.podId, arch, container, client: this.#client, clock, random, remove }
      const watchAgain = (id: string) => new ContainerWatch(id, this.#client, this.#events, clock)
      return new DockerPod({ ...parts, ...created, networks, network, watchAgain })
    } catch (error) {
      await this.#undo(request.podId)
      throw error
    }
  }

  /** On Podman nobody has measured what it spares; pods of a server are not all of one user. */
  #leavesNetwork(request: PodRequest): boolean {
    const { owner, networkMode = '' } = this.#options
    const isOffered = owner.mode === 'local' && networkMode === '' && this.#client.engine.version.product === 'Docker'
    return isOffered && canLeaveNetwork(request)
  }

  /** But what is left of pods that hold a network: it belongs to nobody else. */
  async #find(labels: string[], options: CallOptions): Promise<PodObjects> {
    const { containers, volumes } = await findObjects(this.#client, labels, options)
    return { containers: containers.filter(({ id }) => !this.#networks.holds(id)), volumes }
  }

  #check({ containers }: PodRequest): void {
    const { privilegedContainers } = this.#options
    if (containers.some((container) => container.privileged) && !privilegedContainers) {
      throw new AgolaError('assertionFailed', 'a privileged container was asked for that is not allowed')
    }
    for (const { image, environment } of containers) {
      parseImageReference(image)
      const tooLarge = whyTooLarge(environment, [])
      if (tooLarge !== null) throw new AgolaError('tooLarge', `image ${image} cannot be started: ${tooLarge}`)
    }
  }

  #specs(
    request: PodRequest,
    tools: ToolsMount,
    { network, leavesNetwork }: { network: HeldNetwork | null; leavesNetwork: boolean },
  ) {
    const { owner, clock, random, strictCleanup = false } = this.#options
    const names = request.containers.map(() => `agola-${random.uuid()}`)
    const networkMode = network === null ? (this.#options.networkMode ?? '') : `container:${network.containerId}`
    return podSpec(request, { owner, tools, names, strictCleanup, networkMode, leavesNetwork, nowMs: clock.now() })
  }

  #creationParts(request: PodRequest, options: CreatePodOptions): CreationParts {
    const pulls = new Map<string, Promise<void>>()
    const pullOnce = (image: string) => {
      const pull = pulls.get(image) ?? this.#pull(image, request, options)
      pulls.set(image, pull)
      return pull
    }
    return {
      client: this.#client,
      clock: this.#options.clock,
      events: this.#events,
      pull: pullOnce,
      repairTools: () => this.#tools.repair(request.executorId, options),
    }
  }

  async #pullAll(request: PodRequest, options: CreatePodOptions): Promise<void> {
    const images = new Set(request.containers.map((container) => container.image))
    await Promise.all([...images].map((image) => this.#pull(image, request, options)))
  }

  async #pull(image: string, { arch, registriesAuth }: PodRequest, options: CreatePodOptions): Promise<void> {
    const { registry } = parseImageReference(image)
    const credentials = findCredentials(registry, registriesAuth) ?? (await this.#clientCredentials(registry))
    await this.#puller.pull({ image, platform: arch === '' ? '' : `linux/${arch}`, credentials }, options)
  }

  async #clientCredentials(registry: string): Promise<RegistryCredentials | null> {
    const { clientConfig, log } = this.#options
    if (clientConfig === null) return null
    const config = await readClientConfig(clientConfig.dir)
    return findClientCredentials(registry, config, clientConfig.environment, (message) => log.warn(message))
  }

  /** With a deadline of its own: what was cancelled must still be cleaned up. */
  async #undo(podId: PodId): Promise<void> {
    try {
      await this.removePod(podId, { signal: AbortSignal.timeout(undoMsMax) })
    } catch (error) {
      this.#options.log.warn('a pod that could not be made may have left something behind', { error: String(error) })
    }
  }

  #groupLabel(): string {
    return `${label.executorsGroupId}=${this.#options.owner.executorsGroupId}`
  }
}

/** A 64-bit x86 kernel runs 32-bit programs too. */
function archsOf(arch: Arch): Arch[] {
  return arch === 'amd64' ? ['amd64', '386'] : [arch]
}

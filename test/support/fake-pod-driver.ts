import { AgolaError } from '../../src/engine/model/errors.ts'
import type { PodId } from '../../src/engine/model/ids.ts'
import type { Arch } from '../../src/engine/model/run-config.ts'
import type { CallOptions } from '../../src/engine/ports/call-options.ts'
import type {
  ContainerExec,
  CreatePodOptions,
  ExecRequest,
  Pod,
  PodDriver,
  PodDriverCapabilities,
  PodEnd,
  PodRequest,
  PodSummary,
} from '../../src/engine/ports/pod-driver.ts'
import { abortable, type FakeBehaviour, FakeContainerExec, FakeProcess } from './fake-process.ts'

export type { FakeBehaviour, FakeProcess } from './fake-process.ts'

/** A word or expression found in the command line (arguments joined by a space), or a rule over the request. */
export type FakeMatch = string | RegExp | ((request: ExecRequest, pod: PodRequest) => boolean)

export interface FakeExecRecord {
  podId: PodId
  request: ExecRequest
  process: FakeProcess
}

/** Called at the start of a driver's or pod's method: throw to make it fail, wait to hold it. */
export type FakeFault = (
  method: 'createPod' | 'listPods' | 'removePod' | 'exec' | 'stop',
  podId: PodId,
) => void | Promise<void>

/** What outlives a driver: the pods, as a container engine would hold them. Drivers that share one are siblings. */
export class FakeEngine {
  readonly pods = new Map<PodId, FakePod>()
}

/** A PodDriver in memory, without clock, chance or timers. Commands do what `when` says; all others read their input and exit 0.
 *  It checks its caller: every breach of the port's contract rejects with `assertionFailed` and stays in `violations`. */
export class FakePodDriver implements PodDriver {
  readonly name = 'fake'
  readonly engine: FakeEngine
  readonly violations: string[] = []
  /** Every command that was started, in order. */
  readonly execs: FakeExecRecord[] = []
  /** Every pod that was asked for, in order. */
  readonly requests: PodRequest[] = []
  /** The sum of all hints. */
  expected = 0
  fault: FakeFault = () => undefined
  described: PodDriverCapabilities = {
    archs: ['amd64'],
    privilegedContainers: false,
    images: true,
    description: 'fake',
  }
  #behaviours: { match: FakeMatch; behaviour: FakeBehaviour }[] = []
  #creating = new Set<PodId>()
  #closed = false

  constructor(engine: FakeEngine = new FakeEngine()) {
    this.engine = engine
  }

  /** Scripts the commands that match; of several rules the last one given counts. */
  when(match: FakeMatch, behaviour: FakeBehaviour | number): this {
    this.#behaviours.unshift({ match, behaviour: typeof behaviour === 'number' ? () => behaviour : behaviour })
    return this
  }

  /** The pods that exist now. */
  get pods(): FakePod[] {
    return [...this.engine.pods.values()]
  }

  async capabilities(): Promise<PodDriverCapabilities> {
    return structuredClone(this.described)
  }

  async createPod(request: PodRequest, options: CreatePodOptions): Promise<Pod> {
    this.check(!this.#closed, 'createPod after close')
    this.check(request.containers.length > 0, 'createPod without containers')
    this.check(request.podId !== '' && !this.engine.pods.has(request.podId), `createPod twice with id ${request.podId}`)
    this.check(!this.#creating.has(request.podId), `createPod twice at the same time with id ${request.podId}`)
    const privileged = request.containers.some((container) => container.privileged)
    this.check(!privileged || this.described.privilegedContainers, 'createPod of a privileged container')
    options.signal?.throwIfAborted()
    this.requests.push(structuredClone(request))
    this.#creating.add(request.podId)
    try {
      await abortable(Promise.resolve(this.fault('createPod', request.podId)), options.signal)
    } finally {
      this.#creating.delete(request.podId)
    }
    options.onMessage(`started ${request.containers.map((container) => container.image).join(', ')}`)
    const pod = new FakePod(this, structuredClone(request))
    this.engine.pods.set(request.podId, pod)
    return pod
  }

  expectPods(count: number): void {
    this.expected += count
  }

  async listPods(options: CallOptions = {}): Promise<PodSummary[]> {
    await abortable(Promise.resolve(this.fault('listPods', '')), options.signal)
    return this.pods.map((pod) => pod.summary())
  }

  async removePod(podId: PodId, options: CallOptions = {}): Promise<void> {
    await abortable(Promise.resolve(this.fault('removePod', podId)), options.signal)
    const pod = this.engine.pods.get(podId)
    this.engine.pods.delete(podId)
    pod?.end({ reason: 'removed', exitCode: null })
  }

  async close(): Promise<void> {
    this.#closed = true
  }

  /** Ends a pod as the outside world would: out of memory, removed by hand, engine gone. It stays listed until removed. */
  endPod(podId: PodId, end: PodEnd): void {
    this.engine.pods.get(podId)?.end(end)
  }

  /** What the death of the process leaves: pods that were to be kept, and of the others the leftovers of their services. */
  crash(): FakePodDriver {
    for (const pod of this.pods.filter((pod) => pod.driver === this)) {
      if (pod.request.keepUntil !== undefined) continue
      pod.end({ reason: 'lost', exitCode: null })
      if (pod.request.containers.length === 1) this.engine.pods.delete(pod.id)
    }
    this.#closed = true
    return new FakePodDriver(this.engine)
  }

  start(pod: FakePod, request: ExecRequest): FakeProcess {
    const environment = { ...pod.request.containers[0]?.environment, ...request.environment }
    const process = new FakeProcess(request, environment, pod.files)
    this.execs.push({ podId: pod.id, request, process })
    process.run(this.#behaviour(request, pod.request))
    return process
  }

  check(holds: boolean, breach: string): void {
    if (holds) return
    this.violations.push(breach)
    throw new AgolaError('assertionFailed', `the caller broke the contract of PodDriver: ${breach}`)
  }

  #behaviour(request: ExecRequest, pod: PodRequest): FakeBehaviour {
    const line = request.command.join(' ')
    const found = this.#behaviours.find(({ match }) => {
      if (typeof match === 'function') return match(request, pod)
      return typeof match === 'string' ? line.includes(match) : match.test(line)
    })
    return found?.behaviour ?? drain
  }
}

export class FakePod implements Pod {
  readonly id: PodId
  readonly arch: Arch
  readonly request: PodRequest
  readonly driver: FakePodDriver
  readonly files = new Map<string, Buffer>()
  readonly ended: Promise<PodEnd>
  readonly opened = null
  readonly entrance = 'enter the fake'
  #resolveEnded: (end: PodEnd) => void = () => undefined
  #end: PodEnd | undefined
  #removedByCaller = false
  #running = new Set<FakeProcess>()

  constructor(driver: FakePodDriver, request: PodRequest) {
    this.driver = driver
    this.request = request
    this.id = request.podId
    this.arch = request.arch === '' ? (driver.described.archs[0] ?? 'amd64') : request.arch
    this.ended = new Promise((resolve) => {
      this.#resolveEnded = resolve
    })
  }

  toolbox(applet: string): string[] {
    return ['/mnt/agola/busybox', applet]
  }

  async exec(request: ExecRequest, options: CallOptions = {}): Promise<ContainerExec> {
    const { driver } = this
    driver.check(!this.#removedByCaller, 'exec after remove')
    driver.check(request.command.length > 0 && request.command[0] !== '', 'exec of an empty command')
    driver.check(
      request.workingDir === '' || request.workingDir.startsWith('/'),
      `exec in "${request.workingDir}", not absolute`,
    )
    const names = Object.keys(request.environment)
    driver.check(!names.some((name) => name === '' || name.includes('=')), 'exec with an impossible variable name')
    await abortable(Promise.resolve(driver.fault('exec', this.id)), options.signal)
    if (this.#end !== undefined) throw this.#gone()
    const process = driver.start(this, request)
    this.#running.add(process)
    void process.outcome.then(() => this.#running.delete(process))
    return new FakeContainerExec(process)
  }

  async stop(_graceMs: number, options: CallOptions = {}): Promise<void> {
    await abortable(Promise.resolve(this.driver.fault('stop', this.id)), options.signal)
    this.end({ reason: 'exited', exitCode: 143 })
  }

  async remove(options: CallOptions = {}): Promise<void> {
    this.#removedByCaller = true
    await this.driver.removePod(this.id, options)
  }

  end(end: PodEnd): void {
    if (this.#end !== undefined) return
    this.#end = end
    for (const process of this.#running) process.lose(this.#gone())
    this.#resolveEnded(end)
  }

  summary(): PodSummary {
    const { podId, executorId, taskId, labels, keepUntil } = this.request
    const hasContainers = this.#end === undefined
    return {
      podId,
      executorId,
      taskId: hasContainers ? taskId : '',
      labels: { ...labels },
      keepUntil: keepUntil ?? null,
    }
  }

  #gone(): AgolaError {
    return new AgolaError('podDoesNotExist', `pod ${this.id} has ended (${this.#end?.reason})`)
  }
}

const drain: FakeBehaviour = async (process) => {
  if (process.request.stdin) await process.readStdin()
  return 0
}

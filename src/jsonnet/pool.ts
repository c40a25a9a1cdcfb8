import type { Evaluation } from './evaluation.ts'
import type { PoolOptions } from './pool-options.ts'
import { type PoolLimits, WorkerHost } from './worker-host.ts'

export interface PoolSettings {
  /** Threads that may run at once; started when needed and kept warm. 1 unless told. */
  workersMax?: number
  /** Heap of a thread in MB. 256 unless told. */
  memoryMb?: number
  /** Stack of a thread in MB; bounds how deep sources and values may nest. 64 unless told. */
  stackMb?: number
}

/** What holds for a program whose options do not say otherwise. */
export const defaultLimits = {
  timeMs: 10_000,
  outputBytes: 64 * 1024 * 1024,
  outputDepth: 1_000,
  stackFrames: 500,
} as const

/** Programs that may wait for a thread; more are refused. */
const waitingMax = 1_000

/** Evaluates programs in threads of their own, so that none of them can hold up or bring down the process.
 *  A thread that had to be killed is replaced when the next program comes. */
export class JsonnetPool {
  readonly #limits: PoolLimits
  readonly #workersMax: number
  readonly #hosts = new Set<WorkerHost>()
  readonly #idle: WorkerHost[] = []
  #isClosed = false
  readonly #waiting: ((host: WorkerHost | undefined) => void)[] = []

  constructor({ workersMax = 1, memoryMb = 256, stackMb = 64 }: PoolSettings = {}) {
    this.#workersMax = workersMax
    this.#limits = { memoryMb, stackMb }
  }

  /** Starts a thread ahead of the first program. */
  warm(): void {
    if (this.#hosts.size === 0) this.#idle.push(this.#start())
  }

  /** Resolves in every case that the program is to blame for; rejects when aborted or closed. */
  async evaluate(source: string, options: PoolOptions = {}): Promise<Evaluation> {
    options.signal?.throwIfAborted()
    if (this.#waiting.length >= waitingMax) throw new Error(`more than ${waitingMax} programs wait for evaluation`)
    const host = this.#isClosed ? undefined : await this.#take()
    if (host === undefined) throw new Error('the pool is closed')
    try {
      options.signal?.throwIfAborted()
      return await host.evaluate(source, { ...options, limits: { ...defaultLimits, ...options.limits } })
    } finally {
      this.#giveBack(host)
    }
  }

  /** Ends all threads; programs that are under way end with an error, those that wait reject. */
  async close(): Promise<void> {
    this.#isClosed = true
    for (const resolve of this.#waiting.splice(0)) resolve(undefined)
    const hosts = [...this.#hosts]
    this.#hosts.clear()
    this.#idle.length = 0
    await Promise.all(hosts.map((host) => host.kill()))
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.close()
  }

  async #take(): Promise<WorkerHost | undefined> {
    const idle = this.#idle.pop()
    if (idle !== undefined) return idle
    if (this.#hosts.size < this.#workersMax) return this.#start()
    return new Promise((resolve) => this.#waiting.push(resolve))
  }

  #start(): WorkerHost {
    const host = new WorkerHost(this.#limits)
    this.#hosts.add(host)
    return host
  }

  #giveBack(host: WorkerHost): void {
    if (!host.isAlive) this.#hosts.delete(host)
    const next = this.#waiting.shift()
    if (next !== undefined) next(host.isAlive ? host : this.#start())
    else if (host.isAlive && this.#hosts.has(host)) this.#idle.push(host)
  }
}

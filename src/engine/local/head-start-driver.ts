import { isDeepStrictEqual } from 'node:util'
import type { ExecutorId, PodId } from '../model/ids.ts'
import type { CallOptions } from '../ports/call-options.ts'
import type {
  CreatePodOptions,
  Pod,
  PodDriver,
  PodDriverCapabilities,
  PodRequest,
  PodSummary,
} from '../ports/pod-driver.ts'
import type { Random } from '../ports/random.ts'
import type { HeadStartRecord, HeadStartRequest } from './head-start-record.ts'
import { runLabels, runOfLabels } from './run-label.ts'

export interface HeadStartOptions {
  /** null: nothing is known. */
  known: Promise<KnownStart | null>
  /** Notes what the next run is likely to ask for first. */
  remember: (record: HeadStartRecord) => Promise<void>
  random: Random
}

export interface KnownStart {
  record: HeadStartRecord
  /** Whose lease keeps the sweeps of others away from the pod; nobody else's. */
  executorId: ExecutorId
}

/** Makes a pod while the run that wants it is still being prepared: the one that the last run in the directory asked for first. The first
 *  request of this run gets it where it asks for the same; else it is removed again. */
export class HeadStartDriver implements PodDriver {
  readonly name: string
  readonly #driver: PodDriver
  readonly #options: HeadStartOptions
  readonly #givenUp = new AbortController()
  readonly #messages: string[] = []
  /** null: there is none, or somebody has it. */
  #pod: Promise<Pod | null>
  #hasBegun = false
  #isDecided = false
  #hasEnded = false
  #remembering: Promise<unknown> = Promise.resolve()

  constructor(driver: PodDriver, options: HeadStartOptions) {
    this.name = driver.name
    this.#driver = driver
    this.#options = options
    // A failure is not told: the run asks for its pod itself then, and hears of it.
    this.#pod = this.#begin().catch(() => null)
  }

  capabilities(options?: CallOptions): Promise<PodDriverCapabilities> {
    return this.#driver.capabilities(options)
  }

  async createPod(request: PodRequest, options: CreatePodOptions): Promise<Pod> {
    if (this.#isDecided) return await this.#driver.createPod(request, options)
    this.#isDecided = true
    const next = nextOf(request)
    if (next !== null) this.#remembering = this.#options.remember(next).catch(() => undefined)
    const known = await this.#options.known
    if (known !== null && next !== null && isSame(known.record.request, request)) {
      const pod = await this.#take(options)
      if (pod !== null) return pod
    } else this.#giveUp()
    return await this.#driver.createPod(request, options)
  }

  /** One of them may be there already. */
  expectPods(count: number): void {
    this.#driver.expectPods(this.#hasBegun && !this.#isDecided ? count - 1 : count)
  }

  listPods(options?: CallOptions): Promise<PodSummary[]> {
    return this.#driver.listPods(options)
  }

  removePod(podId: PodId, options?: CallOptions): Promise<void> {
    return this.#driver.removePod(podId, options)
  }

  async close(): Promise<void> {
    this.#giveUp()
    await Promise.all([this.#pod, this.#remembering])
    await this.#driver.close()
  }

  async #begin(): Promise<Pod | null> {
    const { signal } = this.#givenUp
    const known = await this.#options.known
    if (known === null || signal.aborted) return null
    const { record, executorId } = known
    this.#hasBegun = true
    const pod = await this.#driver.createPod(
      {
        ...record.request,
        podId: this.#options.random.uuid(),
        taskId: '',
        executorId,
        registriesAuth: {},
        pull: 'never',
      },
      { signal, onMessage: (line) => this.#messages.push(line) },
    )
    void pod.ended.then(() => {
      this.#hasEnded = true
    })
    return pod
  }

  /** null when it could not be made, or has ended already. */
  async #take({ signal, onMessage }: CreatePodOptions): Promise<Pod | null> {
    const giveUp = () => this.#giveUp()
    signal?.addEventListener('abort', giveUp, { once: true })
    const pod = await this.#pod
    signal?.removeEventListener('abort', giveUp)
    if (pod === null || this.#hasEnded || signal?.aborted) {
      this.#giveUp()
      await this.#pod
      signal?.throwIfAborted()
      return null
    }
    this.#pod = Promise.resolve(null)
    for (const line of this.#messages) onMessage(line)
    return pod
  }

  /** Should its removal fail, it still ends with this process. */
  #giveUp(): void {
    this.#givenUp.abort()
    const remove = async (pod: Pod | null) => {
      await pod?.remove()
      return null
    }
    this.#pod = this.#pod.then(remove).catch(() => null)
  }
}

/** What the next run is likely to ask for; null where that is not to be written down, or not to be made for nothing. */
function nextOf(request: PodRequest): HeadStartRecord | null {
  const { arch, containers, opening, pull, keepUntil, registriesAuth, labels } = request
  const run = runOfLabels(labels)
  const isPlain = containers.every(
    ({ environment, privileged }) => !privileged && Object.keys(environment).length === 0,
  )
  if (run === null || !isPlain || pull === 'always' || keepUntil !== undefined) return null
  if (Object.keys(registriesAuth).length > 0) return null
  const next = { arch, containers, labels: runLabels(run.repoUuid, run.number + 1) }
  return { repoUuid: run.repoUuid, request: opening === undefined ? next : { ...next, opening } }
}

function isSame(a: HeadStartRequest, b: HeadStartRequest): boolean {
  const facts = ({ arch, containers, labels, opening }: HeadStartRequest) => [arch, containers, labels, opening]
  return isDeepStrictEqual(facts(a), facts(b))
}

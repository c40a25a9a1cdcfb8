import type { Clock } from '../../../ports/clock.ts'
import type { PodRequest } from '../../../ports/pod-driver.ts'
import { alarm } from '../../../std/alarm.ts'

/** A network that is as new, held by what is left of a pod that had it: its main container with the first process. */
export interface HeldNetwork {
  readonly containerId: string
  /** Resolves when there is nothing to hold it any more, whoever ended that. */
  readonly ended: Promise<unknown>
  /** Lets the container end. Resolves when it is gone, as far as the engine tells. */
  release(): Promise<void>
  /** It goes on to be held as long as the process, and no longer keeps that alive. */
  detach(): void
}

/** The announcement of a network that is being left. To be settled once. */
export interface LeavingNetwork {
  /** null: it is not as new, and nobody gets it. */
  settle(network: HeldNetwork | null): void
}

/** What nobody has taken by then is not held any longer. */
const idleMsMax = 2_000

/** Whether a pod may have a network that another one had, and leave it to the next: all that it can do to it can be seen then. A privileged
 *  container may change anything, only our own first process looks, and what a container has in memory stays with it. */
export function canLeaveNetwork({ containers, keepUntil, opening }: PodRequest): boolean {
  const [main, ...services] = containers
  if (main === undefined || services.length > 0 || keepUntil !== undefined || opening === undefined) return false
  return main.entrypoint === '' && !main.privileged && main.volumes.length === 0
}

/** Networks that go from a pod that has ended to the next one: making and removing one costs an engine more than the container in it.
 *  None is made or held for pods that nobody expects, and none has two pods at a time. */
export class PodNetworks {
  readonly #clock: Clock
  readonly #held = new Map<string, HeldNetwork>()
  /** With what calls off that they are let go of. */
  readonly #free = new Map<HeldNetwork, () => void>()
  readonly #waiting: ((network: HeldNetwork | null) => void)[] = []
  readonly #ending = new Map<HeldNetwork, Promise<unknown>>()
  #expected = 0
  #leaving = 0
  #isClosed = false

  constructor(clock: Clock) {
    this.#clock = clock
  }

  /** So many more pods are likely to be asked for. */
  expect(pods: number): void {
    this.#expected = Math.max(0, this.#expected + pods)
  }

  /** Whether the container is no pod's any more. */
  holds(containerId: string): boolean {
    return this.#held.has(containerId)
  }

  /** For a pod that is asked for. null: it is to have a network of its own. Waits for one that is being left: milliseconds, a second at most. */
  async take(): Promise<HeldNetwork | null> {
    const network = this.#pop()
    const isWaiting = network === null && this.#leaving > this.#waiting.length
    this.pass()
    if (!isWaiting) return network
    const { promise, resolve } = Promise.withResolvers<HeldNetwork | null>()
    this.#waiting.push(resolve)
    return await promise
  }

  /** A pod was asked for that has a network of its own in any case. */
  pass(): void {
    this.expect(-1)
    while (this.#free.size > this.#expected) this.end(this.#pop())
  }

  /** A pod is about to leave its network. null: nobody will want it. */
  leave(): LeavingNetwork | null {
    if (this.#isClosed) return null
    if (this.#expected + this.#waiting.length <= this.#free.size + this.#leaving) return null
    this.#leaving++
    return {
      settle: (network) => {
        this.#leaving--
        if (network !== null) this.#give(network)
        else if (this.#waiting.length > this.#leaving) this.#waiting.pop()?.(null)
      },
    }
  }

  /** Lets go of a network. Its container removes itself. */
  end(network: HeldNetwork | null): void {
    if (network === null || this.#ending.has(network)) return
    const gone = network.release().then(() => {
      this.#ending.delete(network)
      this.#held.delete(network.containerId)
    })
    this.#ending.set(network, gone)
  }

  /** Resolves when nothing is held any more but for pods that live on. */
  async close(): Promise<void> {
    this.#isClosed = true
    while (this.#free.size > 0) this.end(this.#pop())
    await Promise.all(this.#ending.values())
    for (const network of this.#held.values()) network.detach()
  }

  #give(network: HeldNetwork): void {
    this.#held.set(network.containerId, network)
    const next = this.#waiting.shift()
    if (next !== undefined) next(network)
    else if (this.#isClosed) this.end(network)
    else this.#keep(network)
  }

  /** Until somebody wants it, or the container ends without us. */
  #keep(network: HeldNetwork): void {
    const letGo = () => {
      if (this.#free.delete(network)) this.end(network)
    }
    this.#free.set(network, alarm(this.#clock, idleMsMax, letGo))
    void network.ended.then(letGo)
  }

  #pop(): HeldNetwork | null {
    for (const [network, callOff] of this.#free) {
      callOff()
      this.#free.delete(network)
      return network
    }
    return null
  }
}

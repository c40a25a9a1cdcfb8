import type { Clock } from '../../../ports/clock.ts'
import type { PodEnd } from '../../../ports/pod-driver.ts'
import { type EngineClient, hasStatus } from './client.ts'
import type { ContainerEvent, EngineEvents } from './events.ts'

const verifyDelayMs = 300
const verifyAttemptsMax = 20
const killedExitCode = 137

/** Notices how a main container ends: through the engine's events, or, where those are cut, by asking. */
export class ContainerWatch {
  readonly ended: Promise<PodEnd>
  /** Resolves when the engine tells that the container is gone. It may never tell. */
  readonly gone: Promise<true>
  readonly #containerId: string
  readonly #client: EngineClient
  readonly #events: EngineEvents
  readonly #clock: Clock
  readonly #ending = Promise.withResolvers<PodEnd>()
  readonly #going = Promise.withResolvers<true>()
  #end: PodEnd | undefined
  #wasOutOfMemory = false
  #isVerifying = false
  #isRemoving = false
  #isStopping = false

  constructor(containerId: string, client: EngineClient, events: EngineEvents, clock: Clock) {
    this.#containerId = containerId
    this.#client = client
    this.#events = events
    this.#clock = clock
    this.ended = this.#ending.promise
    this.gone = this.#going.promise
    events.listen(containerId, { onEvent: (event) => this.#onEvent(event), onGap: () => this.verify() })
  }

  get isEnded(): boolean {
    return this.#end !== undefined
  }

  /** From now on the end is our own doing. */
  removing(): void {
    this.#isRemoving = true
  }

  /** The container is to end; it may remove itself before it can be asked how. */
  stopping(): void {
    this.#isStopping = true
  }

  /** It runs, but is of no use any more. */
  lost(): void {
    this.#finish({ reason: 'lost', exitCode: null })
  }

  /** The container is gone. */
  close(): void {
    this.#finish({ reason: 'removed', exitCode: null })
    this.#events.unlisten(this.#containerId)
    this.#going.resolve(true)
  }

  /** Something hints at the end of the container. The events come first, for they know more: a removed container cannot be asked. */
  verify(): void {
    if (this.#isVerifying || this.isEnded) return
    this.#isVerifying = true
    void this.#verify().finally(() => {
      this.#isVerifying = false
    })
  }

  async #verify(): Promise<void> {
    for (let attempt = 0; attempt < verifyAttemptsMax && !this.isEnded; attempt++) {
      await this.#clock.sleep(verifyDelayMs)
      if (this.isEnded) return
      try {
        const { State } = (await this.#client.json('GET', `/containers/${this.#containerId}/json`)) as {
          State?: ContainerState
        }
        if (State?.Running === true) return
        const exitCode = typeof State?.ExitCode === 'number' ? State.ExitCode : null
        return this.#finish({ reason: State?.OOMKilled === true ? 'outOfMemory' : 'exited', exitCode })
      } catch (error) {
        if (hasStatus(error, 404)) break
      }
    }
    const reason = this.#isRemoving ? 'removed' : this.#isStopping ? 'exited' : 'lost'
    this.#finish({ reason, exitCode: null })
  }

  #onEvent({ action, exitCode }: ContainerEvent): void {
    if (action === 'oom') {
      this.#wasOutOfMemory = true
    } else if (this.#isRemoving) {
      this.#finish({ reason: 'removed', exitCode })
    } else if (action === 'destroy') {
      this.#finish({ reason: this.#isStopping ? 'exited' : 'removed', exitCode: null })
    } else {
      const outOfMemory = this.#wasOutOfMemory && exitCode === killedExitCode
      this.#finish({ reason: outOfMemory ? 'outOfMemory' : 'exited', exitCode })
    }
    if (action === 'destroy') this.close()
  }

  #finish(end: PodEnd): void {
    this.#end ??= end
    this.#ending.resolve(this.#end)
  }
}

interface ContainerState {
  Running?: unknown
  ExitCode?: unknown
  OOMKilled?: unknown
}

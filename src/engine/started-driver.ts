import { setImmediate } from 'node:timers/promises'
import { systemClock, systemRandom } from './adapters/system.ts'
import type { Closing } from './closing.ts'
import type { DirectRunOptions, ExecutionRequest } from './direct-run-interface.ts'
import { openDriver } from './embedded-driver.ts'
import type { HeadStart } from './head-start.ts'
import { logOf } from './log-of.ts'
import type { Local } from './open-local.ts'
import type { PodDriver } from './ports/pod-driver.ts'
import { homeDirectory } from './this-user.ts'

/** Closed with `closing`. */
export function startDriver(
  request: ExecutionRequest,
  local: Local,
  headStart: HeadStart | null,
  { signal }: DirectRunOptions,
  closing: Closing,
): StartedDriver {
  const driver = new StartedDriver(request, local, headStart, signal)
  closing.unshift(() => driver.close())
  return driver
}

/** Connects while the run is prepared. Nothing is asked before it is certain that something will run. */
export class StartedDriver {
  readonly #isWanted = Promise.withResolvers<boolean>()
  readonly #hasAsked = Promise.withResolvers<void>()
  readonly #headStart: HeadStart | null
  /** Connected. Whoever uses it gets the error. */
  readonly opened: Promise<PodDriver>

  constructor(
    request: ExecutionRequest,
    { directories, identity }: Local,
    headStart: HeadStart | null,
    signal: AbortSignal | undefined,
  ) {
    const { environment, engine } = request
    const { askForHost } = engine
    this.#headStart = headStart
    const opened = openDriver({
      ...engine,
      askForHost: askForHost && (() => this.#askForHost(askForHost)),
      surroundings: {
        environment,
        homeDir: homeDirectory(),
        userId: process.getuid?.() ?? null,
        platform: process.platform,
      },
      executorsGroupId: identity.executorGroupId,
      stateDirectory: directories.state,
      clock: systemClock,
      random: systemRandom,
      log: logOf(request),
      signal,
    })
    this.opened = headStart === null ? opened : opened.then((driver) => headStart.over(driver))
    this.opened.catch(() => undefined)
    void this.#tellAsked()
  }

  /** Until then other work would delay the request for the first pod; at once where that pod is not known ahead. Never rejects. */
  get hasAsked(): Promise<void> {
    return this.#hasAsked.promise
  }

  /** Asks a person where that is needed. */
  use(): Promise<PodDriver> {
    this.#isWanted.resolve(true)
    return this.opened
  }

  async close(): Promise<void> {
    this.#isWanted.resolve(false)
    await this.opened.then((opened) => opened.close()).catch(() => undefined)
    await this.#headStart?.release()
  }

  async #tellAsked(): Promise<void> {
    if ((await this.#headStart?.known) != null) {
      await this.opened.catch(() => undefined)
      // By then the request is on its way.
      await setImmediate()
    }
    this.#hasAsked.resolve()
  }

  async #askForHost(ask: () => Promise<boolean>): Promise<boolean> {
    this.#hasAsked.resolve()
    return (await this.#isWanted.promise) && (await ask())
  }
}

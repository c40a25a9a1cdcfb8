import { systemClock, systemRandom } from './adapters/system.ts'
import type { Closing } from './closing.ts'
import type { DirectRunOptions, ExecutionRequest } from './direct-run-interface.ts'
import { openDriver } from './embedded-driver.ts'
import { logOf } from './log-of.ts'
import type { Local } from './open-local.ts'
import type { PodDriver } from './ports/pod-driver.ts'
import { homeDirectory } from './this-user.ts'

/** Closed with `closing`. */
export function startDriver(
  request: ExecutionRequest,
  local: Local,
  { signal }: DirectRunOptions,
  closing: Closing,
): StartedDriver {
  const driver = new StartedDriver(request, local, signal)
  closing.unshift(() => driver.close())
  return driver
}

/** Connects while the run is prepared. Nothing is asked before it is certain that something will run. */
export class StartedDriver {
  readonly #isWanted = Promise.withResolvers<boolean>()
  /** Connected. Whoever uses it gets the error. */
  readonly opened: Promise<PodDriver>

  constructor(request: ExecutionRequest, { directories, identity }: Local, signal: AbortSignal | undefined) {
    const { environment, engine } = request
    const { askForHost } = engine
    this.opened = openDriver({
      ...engine,
      askForHost: askForHost && (async () => (await this.#isWanted.promise) && (await askForHost())),
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
    this.opened.catch(() => undefined)
  }

  /** Asks a person where that is needed. */
  use(): Promise<PodDriver> {
    this.#isWanted.resolve(true)
    return this.opened
  }

  async close(): Promise<void> {
    this.#isWanted.resolve(false)
    await this.opened.then((opened) => opened.close()).catch(() => undefined)
  }
}

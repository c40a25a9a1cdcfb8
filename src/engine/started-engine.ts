import { systemClock, systemRandom } from './adapters/system.ts'
import type { Closing } from './closing.ts'
import type { DirectRunOptions, ExecutionRequest } from './direct-run-interface.ts'
import type { EmbeddedEngine, ExecutorSettings } from './embedded.ts'
import { logOf } from './log-of.ts'
import { messageOf } from './model/errors.ts'
import type { Local } from './open-local.ts'
import type { StartedDriver } from './started-driver.ts'

/** Loads the engine and opens the store of a repository, while other work goes on: whoever waits for it gets its failure, until then
 *  nobody does. Closed with `closing`. */
export function startEngine(
  request: ExecutionRequest,
  local: Local,
  repoUuid: Promise<string>,
  driver: StartedDriver | null,
  { onNotice }: DirectRunOptions,
  closing: Closing,
): Promise<EmbeddedEngine> {
  const opening = openEngine(request, local, repoUuid, driver, onNotice)
  closing.unshift(() =>
    opening.then(
      (engine) => engine.close(),
      () => undefined,
    ),
  )
  opening.catch(() => undefined)
  return opening
}

async function openEngine(
  request: ExecutionRequest,
  local: Local,
  repoUuid: Promise<string>,
  driver: StartedDriver | null,
  onNotice: DirectRunOptions['onNotice'],
): Promise<EmbeddedEngine> {
  // Its failure is heard when it is waited for.
  repoUuid.catch(() => undefined)
  await driver?.hasAsked
  const { EmbeddedEngine } = await import('./embedded.ts')
  return await EmbeddedEngine.open({
    ...local,
    repoUuid: await repoUuid,
    approver: request.approver,
    clock: systemClock,
    random: systemRandom,
    log: logOf(request),
    onTrouble: (error) => onNotice(`cannot store what a task left: ${messageOf(error)}`),
  })
}

export interface StartedExecutor {
  driver: StartedDriver
  /** The engine can run tasks. Comes after the driver has connected. */
  started: Promise<void>
}

/** Makes the engine able to run tasks as soon as it and the driver are there. */
export function startExecutor(
  request: ExecutionRequest,
  driver: StartedDriver,
  opening: Promise<EmbeddedEngine>,
  openChange: ExecutorSettings['openChange'],
): StartedExecutor {
  const start = async () => {
    const [engine, opened] = await Promise.all([opening, driver.opened])
    await engine.startExecutor({ ...request.engine, driver: opened, openChange })
  }
  const started = start()
  started.catch(() => undefined)
  return { driver, started }
}

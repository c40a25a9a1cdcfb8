import { join } from 'node:path'
import type { Surroundings } from './adapters/drivers/engine-candidates.ts'
import { type FoundEngine, findEngine, noEngine, requireEngine } from './adapters/drivers/find-engine.ts'
import { AgolaError } from './model/errors.ts'
import type { CallOptions } from './ports/call-options.ts'
import type { Clock } from './ports/clock.ts'
import type { Log } from './ports/log.ts'
import type { PodDriver } from './ports/pod-driver.ts'
import type { Random } from './ports/random.ts'

/** `auto`: Docker, then Podman; without either it is an error that says what to do. */
export type DriverRequest = 'auto' | 'docker' | 'host'

export interface OpenDriverOptions extends CallOptions {
  driver: DriverRequest
  surroundings: Surroundings
  executorsGroupId: string
  /** Image with a static busybox; undefined: the default one. */
  toolsImage: string | undefined
  allowPrivileged: boolean
  stateDirectory: string
  /** Asked when `auto` finds no engine: whether to go on without containers. null: nobody is there to ask. */
  askForHost: (() => Promise<boolean>) | null
  clock: Clock
  random: Random
  log: Log
}

/** Connects to what makes pods. `driverUnreachable` or `driverTooOld` with everything that was tried and the way out. */
export async function openDriver(options: OpenDriverOptions): Promise<PodDriver> {
  if (options.driver === 'host') return await hostDriver(options)
  const { surroundings, signal } = options
  if (options.driver === 'docker') return await dockerDriver(options, await requireEngine(surroundings, { signal }))
  const search = await findEngine(surroundings, { signal })
  const { engine, description } = search
  if (engine !== null) return await dockerDriver(options, { engine, description })
  const refusal = noEngine(search.attempts)
  if (refusal.code !== 'driverTooOld' && options.askForHost !== null && (await options.askForHost()))
    return await hostDriver(options)
  throw refusal
}

async function dockerDriver(options: OpenDriverOptions, { engine, description }: FoundEngine): Promise<PodDriver> {
  const [{ DockerDriver }, { defaultToolsSettings }, { clientConfigDir }] = await Promise.all([
    import('./adapters/drivers/docker/driver.ts'),
    import('./adapters/drivers/docker/tools-image.ts'),
    import('./adapters/drivers/engine-candidates.ts'),
  ])
  const { clock, random, log, surroundings, toolsImage, signal } = options
  const driver = new DockerDriver({
    engine,
    description,
    clock,
    random,
    log,
    owner: { executorsGroupId: options.executorsGroupId, mode: 'local' },
    privilegedContainers: options.allowPrivileged,
    tools: toolsImage === undefined ? defaultToolsSettings : { ...defaultToolsSettings, image: toolsImage },
    clientConfig: { dir: clientConfigDir(surroundings), environment: surroundings.environment },
  })
  try {
    await driver.lookAhead({ signal })
    return driver
  } catch (error) {
    await driver.close()
    throw error
  }
}

async function hostDriver(options: OpenDriverOptions): Promise<PodDriver> {
  const { stateDirectory, executorsGroupId, clock, random, surroundings } = options
  if (surroundings.platform === 'win32') {
    throw new AgolaError('driverUnreachable', 'the host driver needs a Unix: use Docker, or run inside WSL')
  }
  const [{ HostDriver }, { defaultToolsSettings }] = await Promise.all([
    import('./adapters/drivers/host/driver.ts'),
    import('./adapters/drivers/docker/tools-image.ts'),
  ])
  const { hostBusyboxPaths } = defaultToolsSettings
  const { environment } = surroundings
  return new HostDriver({
    baseDir: join(stateDirectory, 'pods'),
    executorsGroupId,
    clock,
    random,
    environment,
    hostBusyboxPaths,
  })
}

import { posix, win32 } from 'node:path'
import { AgolaError, hasCode, messageOf } from '../model/errors.ts'
import { makeDirectory } from '../std/make-directory.ts'
import { systemTrouble } from '../std/system-trouble.ts'

/** Where local runs keep things (spec/local-runs.md 3). Absolute paths. */
export interface LocalDirectories {
  /** Runs, logs, snapshots, identity. */
  state: string
  /** Caches of runs: safe to delete. */
  cache: string
  /** Control sockets. Paths of sockets are limited to about 100 bytes, so this one is short. */
  sockets: string
  /** What the user writes: `variables.yml`, `directrun.yml`. */
  config: string
}

export interface Machine {
  environment: Readonly<Record<string, string | undefined>>
  platform: NodeJS.Platform
  homeDirectory: string
  temporaryDirectory: string
  userName: string
}

/** Reads the XDG variables, their macOS and Windows counterparts, and `AGOLA_LOCAL_STATE_DIR` and `AGOLA_LOCAL_CACHE_DIR`,
 *  which win over all. `workingDirectory` completes relative overrides. */
export function localDirectories(machine: Machine, workingDirectory: string): LocalDirectories {
  const { environment } = machine
  const path = machine.platform === 'win32' ? win32 : posix
  const override = (name: string) => {
    const value = environment[name]
    return value ? path.resolve(workingDirectory, value) : undefined
  }
  const places = platformPlaces(machine)
  return {
    ...places,
    state: override('AGOLA_LOCAL_STATE_DIR') ?? places.state,
    cache: override('AGOLA_LOCAL_CACHE_DIR') ?? places.cache,
  }
}

/** Creates them for the user alone, because logs hold private code. `storeUnusable` or `diskFull` with the way out. */
export async function createLocalDirectories({ state, cache, sockets }: LocalDirectories): Promise<void> {
  await create('state', state, 'AGOLA_LOCAL_STATE_DIR')
  await create('cache', cache, 'AGOLA_LOCAL_CACHE_DIR')
  await create('socket', sockets, 'XDG_RUNTIME_DIR')
}

async function create(name: string, path: string, variable: string): Promise<void> {
  try {
    await makeDirectory(path, { mode: 0o700 })
  } catch (error) {
    const trouble = systemTrouble(error)
    const code = hasCode(trouble, 'diskFull') ? 'diskFull' : 'storeUnusable'
    const text = `the ${name} directory ${path} cannot be made: ${messageOf(trouble)}. Name another one in ${variable}.`
    throw new AgolaError(code, text, { cause: error })
  }
}

function platformPlaces({
  environment,
  platform,
  homeDirectory,
  temporaryDirectory,
  userName,
}: Machine): LocalDirectories {
  if (platform === 'win32') {
    const local = environment.LOCALAPPDATA || win32.join(homeDirectory, 'AppData', 'Local')
    const roaming = environment.APPDATA || win32.join(homeDirectory, 'AppData', 'Roaming')
    const [state, cache] = [win32.join(local, 'agola', 'local'), win32.join(local, 'agola', 'cache')]
    return { state, cache, sockets: win32.join(temporaryDirectory, 'agola'), config: win32.join(roaming, 'agola') }
  }
  const sockets = posix.join(temporaryDirectory, `agola-${userName}`)
  if (platform === 'darwin') {
    const library = posix.join(homeDirectory, 'Library')
    const support = posix.join(library, 'Application Support', 'agola')
    return {
      state: posix.join(support, 'local'),
      cache: posix.join(library, 'Caches', 'agola', 'local'),
      sockets,
      config: support,
    }
  }
  const runtime = absolute(environment.XDG_RUNTIME_DIR)
  const base = (name: string, otherwise: string) => absolute(environment[name]) ?? posix.join(homeDirectory, otherwise)
  return {
    state: posix.join(base('XDG_STATE_HOME', '.local/state'), 'agola', 'local'),
    cache: posix.join(base('XDG_CACHE_HOME', '.cache'), 'agola', 'local'),
    sockets: runtime === undefined ? sockets : posix.join(runtime, 'agola'),
    config: posix.join(base('XDG_CONFIG_HOME', '.config'), 'agola'),
  }
}

/** The XDG rules tell programs to ignore relative paths. */
function absolute(path: string | undefined): string | undefined {
  return path?.startsWith('/') ? path : undefined
}

import { openPosixObjectStorage } from './adapters/objects/posix.ts'
import { systemClock, systemRandom } from './adapters/system.ts'
import { readRepositoryRecord } from './local/repository-record.ts'
import { AgolaError } from './model/errors.ts'
import { openLocal } from './open-local.ts'
import { repoUuidOf } from './repository-id.ts'
import { type CacheEntry, CacheInventory, type CacheLimits, defaultCacheLimits } from './runservice/cache-inventory.ts'

export interface LocalCache extends CacheEntry {
  /** As steps write it: without the part that all caches of the repository share. */
  name: string
  /** '' for a cache that no local run has made. */
  repoUuid: string
  /** Where that repository was seen last; null: not known. */
  workTree: string | null
}

export interface LocalCachesRequest {
  directory: string
  environment: NodeJS.ProcessEnv
  /** Of every repository, not only the one around the directory. */
  all: boolean
}

const uuid = '[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}'
const fullKey = new RegExp(`^${uuid}-(${uuid})-(.*)$`, 's')

/** The caches on this machine, seen from a repository or all together. */
export class LocalCaches {
  readonly #inventory: CacheInventory
  readonly #stateDirectory: string
  readonly #prefix: string

  private constructor(inventory: CacheInventory, stateDirectory: string, prefix: string) {
    this.#inventory = inventory
    this.#stateDirectory = stateDirectory
    this.#prefix = prefix
  }

  /** `notAGitRepository` unless all are meant. */
  static async open({ directory, environment, all }: LocalCachesRequest): Promise<LocalCaches> {
    const { directories, identity } = await openLocal(directory, environment)
    const prefix = all ? '' : `${identity.userId}-${await repoUuidOf(directory, environment)}-`
    const clock = systemClock
    const objects = await openPosixObjectStorage({ directory: directories.cache, clock, random: systemRandom })
    return new LocalCaches(new CacheInventory({ objects, clock }), directories.state, prefix)
  }

  async list(): Promise<LocalCache[]> {
    const entries = await this.#inventory.list(this.#prefix)
    const workTrees = new Map<string, string | null>()
    const caches: LocalCache[] = []
    for (const entry of entries) {
      const [, repoUuid = '', name = entry.key] = fullKey.exec(entry.key) ?? []
      if (!workTrees.has(repoUuid)) workTrees.set(repoUuid, await this.#workTreeOf(repoUuid))
      caches.push({ ...entry, name, repoUuid, workTree: workTrees.get(repoUuid) ?? null })
    }
    return caches
  }

  /** Removes caches by their names, or by what their names begin with. `cacheDoesNotExist` before anything was removed. */
  async remove(names: readonly string[], { prefix }: { prefix: boolean }): Promise<LocalCache[]> {
    const caches = await this.list()
    const isMeant = (name: string) => (cache: LocalCache) =>
      [cache.name, cache.key].some((own) => (prefix ? own.startsWith(name) : own === name))
    for (const name of names) {
      if (caches.some(isMeant(name))) continue
      const what = prefix ? 'no cache begins with' : 'there is no cache'
      throw new AgolaError(
        'cacheDoesNotExist',
        `${what} ${JSON.stringify(name)}; agola cache list shows those there are${prefix ? '' : ', --prefix takes beginnings'}`,
      )
    }
    const chosen = caches.filter((cache) => names.some((name) => isMeant(name)(cache)))
    for (const cache of chosen) await this.#inventory.remove(cache)
    return chosen
  }

  /** Removes what is over the limits, of all repositories: they share the space. */
  async prune(limits: Partial<CacheLimits>, { dryRun }: { dryRun: boolean }): Promise<CacheEntry[]> {
    return await this.#inventory.prune({ ...defaultCacheLimits, ...limits }, { dryRun })
  }

  async #workTreeOf(repoUuid: string): Promise<string | null> {
    if (repoUuid === '') return null
    return (await readRepositoryRecord(this.#stateDirectory, repoUuid))?.workTrees[0] ?? null
  }
}

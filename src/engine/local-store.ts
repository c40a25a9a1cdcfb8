import { createReadStream } from 'node:fs'
import { access, mkdtemp, open, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { SqliteKeyValueStore } from './adapters/kv/sqlite.ts'
import { openPosixObjectStorage } from './adapters/objects/posix.ts'
import { createLog, systemClock, systemRandom } from './adapters/system.ts'
import { AgolaError } from './model/errors.ts'
import { openLocal } from './open-local.ts'
import { repoUuidOf } from './repository-id.ts'
import { DataRunArchive } from './runservice/data-run-archive.ts'
import { importRuns } from './runservice/import-runs.ts'
import { MaintenanceMode } from './runservice/maintenance-mode.ts'
import { systemTrouble } from './std/system-trouble.ts'

export interface LocalStoreRequest {
  directory: string
  environment: NodeJS.ProcessEnv
  /** Directory of the store; undefined: that of the repository around `directory`. */
  store: string | undefined
}

/** The store of one repository, for work on the whole of it. */
export class LocalStore {
  readonly directory: string
  readonly maintenance: MaintenanceMode
  readonly #kv: SqliteKeyValueStore
  readonly #archive: DataRunArchive

  private constructor(directory: string, kv: SqliteKeyValueStore, archive: DataRunArchive) {
    this.directory = directory
    this.maintenance = new MaintenanceMode({ kv, clock: systemClock })
    this.#kv = kv
    this.#archive = archive
  }

  /** `storeUnusable` when there is none, and for what it says of others; `notAGitRepository` without a named one. */
  static async open(request: LocalStoreRequest): Promise<LocalStore> {
    const directory = await directoryOf(request)
    const file = join(directory, 'store.sqlite')
    const stores = { clock: systemClock, random: systemRandom }
    const objects = await openPosixObjectStorage({ directory: join(directory, 'objects'), ...stores })
    const kv = new SqliteKeyValueStore({ file, ...stores })
    try {
      const log = createLog('error', (line) => process.stderr.write(line))
      return new LocalStore(directory, kv, await DataRunArchive.open({ kv, objects, log, ...stores }))
    } catch (error) {
      await kv.close()
      throw error
    }
  }

  /** All runs that are over, with their run configs, as a stream that says at its end that it is whole. At any time. */
  export(): AsyncIterable<Uint8Array> {
    return this.#archive.data.export()
  }

  /** See `importRuns`. What comes is kept aside until all of it was read, since it is read twice; `diskFull` where it does not fit. */
  async import(chunks: AsyncIterable<Uint8Array>): Promise<number> {
    const directory = await mkdtemp(join(tmpdir(), 'agola-import-'))
    try {
      const path = join(directory, 'export')
      await using file = await open(path, 'wx', 0o600)
      await file.writeFile(chunks).catch((error: unknown) => {
        throw systemTrouble(error)
      })
      const options = { kv: this.#kv, archive: this.#archive, clock: systemClock }
      return await importRuns(options, () => createReadStream(path))
    } finally {
      await rm(directory, { recursive: true, force: true })
    }
  }

  async close(): Promise<void> {
    await this.#archive.data.close()
    await this.#kv.close()
  }
}

async function directoryOf({ directory, environment, store }: LocalStoreRequest): Promise<string> {
  const found = store === undefined ? await ownStore(directory, environment) : resolve(directory, store)
  // Opening would make an empty one.
  const exists = await access(join(found, 'store.sqlite')).then(
    () => true,
    () => false,
  )
  if (exists) return found
  const what = store === undefined ? 'no run was made in this repository yet' : 'it holds no store.sqlite'
  throw new AgolaError('storeUnusable', `there is no store in ${found}: ${what}`)
}

async function ownStore(directory: string, environment: NodeJS.ProcessEnv): Promise<string> {
  const { directories } = await openLocal(directory, environment)
  return join(directories.state, 'repos', await repoUuidOf(directory, environment))
}

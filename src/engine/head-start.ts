import { systemClock, systemRandom } from './adapters/system.ts'
import { HeadStartDriver, type KnownStart } from './local/head-start-driver.ts'
import { type HeadStartRecord, readHeadStart, writeHeadStart } from './local/head-start-record.ts'
import { LocalExecutorLease } from './local/local-executor-lease.ts'
import type { Local } from './open-local.ts'
import type { PodDriver } from './ports/pod-driver.ts'

/** What is known of a run's first pod before the run is, and the lease under which it is made. */
export class HeadStart {
  /** null where nothing is known. */
  readonly known: Promise<KnownStart | null>
  /** Of the tree that is run; '' while nobody knows. */
  configPath = ''
  readonly #stateDirectory: string
  readonly #key: unknown
  #lease: LocalExecutorLease | null = null

  /** `key` tells directories and selections apart. */
  constructor({ directories, identity }: Local, key: unknown) {
    this.#stateDirectory = directories.state
    this.#key = key
    // The run has a lease of its own, and tells why there can be none.
    this.known = this.#find(identity.executorGroupId).catch(() => null)
  }

  over(driver: PodDriver): PodDriver {
    const remember = (record: HeadStartRecord) =>
      writeHeadStart(this.#stateDirectory, this.#key, record, this.configPath)
    return new HeadStartDriver(driver, { known: this.known, remember, random: systemRandom })
  }

  /** Once its pod is gone. */
  async release(): Promise<void> {
    await this.known
    // The next process finds what is left of it.
    await this.#lease?.release().catch(() => undefined)
  }

  async #find(groupId: string): Promise<KnownStart | null> {
    const record = await readHeadStart(this.#stateDirectory, this.#key)
    if (record === null) return null
    const executorId = systemRandom.uuid()
    this.#lease = await LocalExecutorLease.acquire({
      stateDirectory: this.#stateDirectory,
      executorId,
      groupId,
      engineEndpoint: '',
      socketPath: '',
      repoUuid: record.repoUuid,
      clock: systemClock,
    })
    return { record, executorId }
  }
}

import { EtcdKeyValueStore, type EtcdKeyValueStoreOptions } from './adapters/kv/etcd.ts'
import { EtcdQuota } from './adapters/kv/etcd-quota.ts'
import { UploadSweep } from './adapters/objects/s3/upload-sweep.ts'
import { openS3ObjectStorage, type S3ObjectStorage, type S3ObjectStorageOptions } from './adapters/objects/s3.ts'
import type { CallOptions } from './ports/call-options.ts'
import type { Clock } from './ports/clock.ts'
import type { Log } from './ports/log.ts'
import type { Random } from './ports/random.ts'
import { KvCompaction } from './std/kv-compaction.ts'
import { runLoop } from './std/run-loop.ts'

export interface ClusterStoresOptions {
  etcd: Omit<EtcdKeyValueStoreOptions, 'clock' | 'random'> & {
    /** What the servers have as --quota-backend-bytes; default etcd's own, 2 GiB. */
    quotaBytes?: number
    /** So much history stays for watches to resume in; default 15 minutes. */
    historyMs?: number
  }
  s3: Omit<S3ObjectStorageOptions, 'clock' | 'log'>
  clock: Clock
  random: Random
  log: Log
}

const compactionLock = 'locks/compaction'
const historyMsDefault = 15 * 60_000
/** Compactions in the time that history stays: one a minute by default. */
const compactionsPerHistory = 15
const quotaIntervalMs = 60_000
const sweepIntervalMs = 24 * 60 * 60_000

/** The stores of a server, with the housekeeping that etcd and S3 do not do by themselves: history is compacted by one process of the
 *  cluster, the quota is watched, and what dead uploads left is removed. Every process of the server opens its own. */
export class ClusterStores {
  readonly kv: EtcdKeyValueStore
  readonly objects: S3ObjectStorage
  readonly #compaction: KvCompaction
  readonly #closed = new AbortController()
  readonly #loops: Promise<unknown>

  /** `storeUnreachable` when one of them does not answer, `storeUnusable` when it refuses these settings. */
  static async open(options: ClusterStoresOptions, call: CallOptions = {}): Promise<ClusterStores> {
    const { etcd, s3, clock, random, log } = options
    const kv = await EtcdKeyValueStore.open({ ...etcd, clock, random }, call)
    try {
      return new ClusterStores(kv, await openS3ObjectStorage({ ...s3, clock, log }, call), options)
    } catch (error) {
      await kv.close()
      throw error
    }
  }

  private constructor(kv: EtcdKeyValueStore, objects: S3ObjectStorage, { etcd, clock, log }: ClusterStoresOptions) {
    this.kv = kv
    this.objects = objects
    const { signal } = this.#closed
    const { quotaBytes, historyMs = historyMsDefault } = etcd
    const compactionIntervalMs = historyMs / compactionsPerHistory
    this.#compaction = new KvCompaction({ store: kv, clock, lockKey: compactionLock, keepMs: historyMs })
    const quota = new EtcdQuota({ store: kv, clock, log, ...(quotaBytes !== undefined && { quotaBytes }) })
    const sweep = new UploadSweep(objects.bucket)
    this.#loops = Promise.all([
      runLoop(this.#compaction, { clock, log, intervalMs: compactionIntervalMs }, signal),
      runLoop(quota, { clock, log, intervalMs: quotaIntervalMs }, signal),
      runLoop(sweep, { clock, log, intervalMs: sweepIntervalMs }, signal),
    ])
  }

  /** After everything that uses them. Another process goes on with the compaction at once. */
  async close(): Promise<void> {
    this.#closed.abort()
    await this.#loops
    // A lock that cannot be given back now ends by itself.
    await this.#compaction.close().catch(() => undefined)
    await this.kv.close()
    this.objects.close()
  }
}

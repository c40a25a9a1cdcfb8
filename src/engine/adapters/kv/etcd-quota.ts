import type { Clock } from '../../ports/clock.ts'
import type { Log } from '../../ports/log.ts'
import type { LoopService } from '../../std/run-loop.ts'
import type { EtcdKeyValueStore } from './etcd.ts'
import { makeRoom } from './etcd-error.ts'

export interface EtcdQuotaSettings {
  store: Pick<EtcdKeyValueStore, 'space'>
  clock: Clock
  log: Log
  /** What the servers have as --quota-backend-bytes; default etcd's own, 2 GiB. */
  quotaBytes?: number
}

export const quotaBytesDefault = 2 * 1024 * 1024 * 1024
const warnShare = 0.7
const repeatMs = 60 * 60_000

type Level = 'fine' | 'filling' | 'full'

/** Tells in the log when etcd's quota is used up by more than 70 %, and when it is used up: at once when that has come, then once an
 *  hour as long as it lasts (spec/storage.md 13.4). To be stepped about once a minute. */
export class EtcdQuota implements LoopService {
  readonly name = 'etcd quota'
  readonly #settings: EtcdQuotaSettings
  #told: { level: Level; ms: number } = { level: 'fine', ms: 0 }

  constructor(settings: EtcdQuotaSettings) {
    this.#settings = settings
  }

  async step(signal: AbortSignal): Promise<void> {
    const { store, clock, log, quotaBytes = quotaBytesDefault } = this.#settings
    const { sizeBytes, usedBytes, isFull } = await store.space({ signal })
    const level = isFull ? 'full' : sizeBytes > warnShare * quotaBytes ? 'filling' : 'fine'
    const ms = clock.monotonicMs()
    if (level === this.#told.level && (level === 'fine' || ms - this.#told.ms < repeatMs)) return
    this.#told = { level, ms }
    const facts = { sizeBytes, usedBytes, quotaBytes }
    if (level === 'full') log.error(`etcd is out of space and refuses writes. ${makeRoom}`, facts)
    else if (level === 'filling')
      log.warn(`etcd has used more than ${warnShare * 100} % of its quota. ${room(facts)}`, facts)
    else log.info('etcd has room again', facts)
  }
}

/** A file that is large and mostly unused needs no more than a defragmentation. */
function room({ sizeBytes, usedBytes }: { sizeBytes: number; usedBytes: number }): string {
  return usedBytes < sizeBytes / 2
    ? 'Half of it is free inside: defragment every member with etcdctl.'
    : 'Raise --quota-backend-bytes before it is used up.'
}

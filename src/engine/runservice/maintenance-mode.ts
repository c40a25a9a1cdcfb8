import { AgolaError } from '../model/errors.ts'
import type { TimeMs } from '../model/ids.ts'
import type { CallOptions } from '../ports/call-options.ts'
import type { Clock } from '../ports/clock.ts'
import type { Compare, KeyValueStore } from '../ports/key-value-store.ts'
import { keys } from './keys.ts'
import { readAll } from './read-all.ts'

export interface MaintenanceStatus {
  /** null: new runs are taken. */
  since: TimeMs | null
  /** Runs that are not over: in maintenance they go on to their end. */
  activeRuns: number
}

/** A key in the store that every process of it obeys (spec/runs.md 15): while it is there no run is made, by nobody. What was made
 *  before goes on. */
export class MaintenanceMode {
  readonly #kv: KeyValueStore
  readonly #clock: Clock

  constructor({ kv, clock }: { kv: KeyValueStore; clock: Clock }) {
    this.#kv = kv
    this.#clock = clock
  }

  async status(options: CallOptions = {}): Promise<MaintenanceStatus> {
    const { entry, revision } = await this.#kv.get(keys.maintenance, options)
    const since = entry === null ? null : sinceOf(entry.value)
    const { entries } = await readAll(this.#kv, keys.runs, { ...options, revision })
    return { since, activeRuns: entries.length }
  }

  /** For transactions that must belong to the maintenance of now: fails once that has ended, also when there is a new one. null: there is none. */
  async fence(options: CallOptions = {}): Promise<Compare | null> {
    const { entry } = await this.#kv.get(keys.maintenance, options)
    if (entry === null) return null
    return { key: keys.maintenance, target: 'createRevision', operator: '=', value: entry.createRevision }
  }

  /** false: it was enabled already. */
  async enable(options: CallOptions = {}): Promise<boolean> {
    const value = Buffer.from(JSON.stringify({ since: this.#clock.now() }))
    const { succeeded } = await this.#kv.txn(
      {
        compare: [{ key: keys.maintenance, target: 'createRevision', operator: '=', value: 0n }],
        then: [{ type: 'put', key: keys.maintenance, value }],
      },
      options,
    )
    return succeeded
  }

  /** false: it was not enabled. */
  async disable(options: CallOptions = {}): Promise<boolean> {
    const { succeeded } = await this.#kv.txn(
      {
        compare: [{ key: keys.maintenance, target: 'createRevision', operator: '!=', value: 0n }],
        then: [{ type: 'delete', key: keys.maintenance }],
      },
      options,
    )
    return succeeded
  }
}

export function inMaintenance(): AgolaError {
  return new AgolaError(
    'inMaintenance',
    'the store is in maintenance and takes no new runs: agola maintenance disable ends that',
  )
}

function sinceOf(value: Uint8Array): TimeMs {
  const { since }: { since: TimeMs } = JSON.parse(Buffer.from(value).toString())
  return since
}

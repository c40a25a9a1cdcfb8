import { hasCode } from '../model/errors.ts'
import type { CallOptions } from '../ports/call-options.ts'
import type { Compare } from '../ports/key-value-store.ts'
import { type KvLock, lock, tryLock } from '../std/kv-lock.ts'
import type { LoopService } from '../std/run-loop.ts'
import { checkpoint } from './checkpoint.ts'
import { clean } from './clean.ts'
import { collectOrphans } from './collect-orphans.ts'
import type { DataManagerContext } from './context.ts'
import { readPosition } from './read-wals.ts'
import type { Sequence } from './sequence.ts'
import { syncWals } from './sync.ts'

const leaderTtlMs = 10_000
const cleanEveryMs = 5 * 60_000
const orphansEveryMs = 60 * 60_000

/** The work behind the writes: to object storage, into snapshots, and away with what is old. Only the leader of the data manager does it, of
 *  all processes; the lead is kept between steps, so that idle steps cost one read (spec/storage.md 13.5, rule 14). */
export class Maintenance implements LoopService {
  readonly name = 'data manager'
  readonly #context: DataManagerContext
  #lead: KvLock | null = null
  #turn: Promise<unknown> = Promise.resolve()
  #doneWal: Sequence | null = null
  #cleanedMs: number
  #orphansMs: number | null = null

  constructor(context: DataManagerContext) {
    this.#context = context
    this.#cleanedMs = context.clock.monotonicMs()
  }

  /** Does what is due, when this process is or can become the leader. A process that ends soon cleans only after a snapshot of its own. */
  step(signal?: AbortSignal): Promise<void> {
    return this.#inTurn(async () => {
      const lead = await this.#tryLead({ signal })
      if (lead !== null) await this.#whileLeading(lead, () => this.#doWhatIsDue(lead.fence, { signal }), { signal })
    })
  }

  async #doWhatIsDue(fence: Compare, options: CallOptions): Promise<void> {
    const published = await this.#fold(fence, options)
    const nowMs = this.#context.clock.monotonicMs()
    if (!published && nowMs - this.#cleanedMs < cleanEveryMs) return
    await clean(this.#context, fence, options)
    this.#cleanedMs = nowMs
    if (this.#orphansMs !== null && nowMs - this.#orphansMs < orphansEveryMs) return
    await collectOrphans(this.#context, fence, options)
    this.#orphansMs = nowMs
  }

  /** Gives whether a snapshot was published. */
  async #fold(fence: Compare, options: CallOptions): Promise<boolean> {
    const position = await readPosition(this.#context, options)
    if (position === null || position.lastWal === this.#doneWal) return false
    await syncWals(this.#context, options)
    const published = await checkpoint(this.#context, fence, options)
    // A snapshot takes only so much at a time: there may be more.
    if (!published) this.#doneWal = position.lastWal
    return published
  }

  /** Waits until this process leads, then works; again when it lost the lead meanwhile. The lead is kept until `close`. */
  asLeader<T>(options: CallOptions, work: (fence: Compare) => Promise<T>): Promise<T> {
    return this.#inTurn(async () => {
      for (;;) {
        const lead = (await this.#tryLead(options)) ?? (await this.#waitForLead(options))
        const done = await this.#whileLeading(lead, () => work(lead.fence), options)
        if (done !== null) return done.result
      }
    })
  }

  /** null when something is missing because a successor has removed it: a process that stands still loses the lead without noticing. */
  async #whileLeading<T>(lead: KvLock, work: () => Promise<T>, options: CallOptions): Promise<{ result: T } | null> {
    try {
      return { result: await work() }
    } catch (error) {
      if (!hasCode(error, 'objectDoesNotExist') || (await this.#leads(lead, options))) throw error
      this.#lead = null
      return null
    }
  }

  async #leads({ fence }: KvLock, options: CallOptions): Promise<boolean> {
    const { entry } = await this.#context.kv.get(this.#context.storeKeys.leader, options)
    return entry?.createRevision === fence.value
  }

  async #waitForLead(options: CallOptions): Promise<KvLock> {
    const { kv, storeKeys, clock } = this.#context
    this.#lead = await lock(kv, storeKeys.leader, { ...options, clock, ttlMs: leaderTtlMs })
    return this.#lead
  }

  /** Lets another process lead. */
  async close(): Promise<void> {
    await this.#turn
    const lead = this.#lead
    this.#lead = null
    await lead?.release()
  }

  async #tryLead(options: CallOptions): Promise<KvLock | null> {
    if (this.#lead?.lost.aborted) this.#lead = null
    const { kv, storeKeys, clock } = this.#context
    this.#lead ??= await tryLock(kv, storeKeys.leader, { ...options, clock, ttlMs: leaderTtlMs })
    return this.#lead
  }

  #inTurn<T>(work: () => Promise<T>): Promise<T> {
    const turn = this.#turn.then(work)
    this.#turn = turn.catch(() => undefined)
    return turn
  }
}

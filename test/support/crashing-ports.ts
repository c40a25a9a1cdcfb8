import type { KeyValueStore, Lease } from '../../src/engine/ports/key-value-store.ts'
import type { ObjectStorage } from '../../src/engine/ports/object-storage.ts'

/** The process has died: nothing it does from here on has an effect. */
export class Crash extends Error {}

/** Lets a process die right before or right after one of its effects on the stores. Effects are counted in order: the even moments
 *  are before, the odd ones after. */
export class CrashPlan {
  /** What happened at each moment so far: `before put objects/…`, `after txn wals/…`. */
  readonly moments: string[] = []
  readonly #at: number
  readonly #die: () => void
  #crashed = false

  /** Infinity: never. `die` is for a process that really does. */
  constructor(at: number, die: () => void = () => undefined) {
    this.#at = at
    this.#die = die
  }

  get crashed(): boolean {
    return this.#crashed
  }

  check(): void {
    if (this.#crashed) throw new Crash('the process is dead')
  }

  async effect<T>(label: string, work: () => Promise<T>): Promise<T> {
    this.#pass(`before ${label}`)
    const result = await work()
    this.#pass(`after ${label}`)
    return result
  }

  #pass(moment: string): void {
    this.check()
    if (this.moments.push(moment) - 1 !== this.#at) return
    this.#crashed = true
    this.#die()
    throw new Crash(`crash ${moment}`)
  }
}

export function crashingObjects(objects: ObjectStorage, plan: CrashPlan): ObjectStorage {
  return {
    async stat(key, options) {
      plan.check()
      return objects.stat(key, options)
    },
    async get(key, options) {
      plan.check()
      return objects.get(key, options)
    },
    put: (key, source, options) => plan.effect(`put ${key}`, () => objects.put(key, source, options)),
    delete: (key, options) => plan.effect(`delete ${key}`, () => objects.delete(key, options)),
    async *list(query, options) {
      plan.check()
      yield* objects.list(query, options)
    },
    health: (options) => objects.health(options),
  }
}

export function crashingKv(kv: KeyValueStore, plan: CrashPlan): KeyValueStore {
  return {
    async get(key, options) {
      plan.check()
      return kv.get(key, options)
    },
    async range(query, options) {
      plan.check()
      return kv.range(query, options)
    },
    txn(request, options) {
      const keys = request.then.map((op) => ('key' in op ? op.key : op.prefix))
      return plan.effect(`txn ${keys.join(' ')}`, () => kv.txn(request, options))
    },
    watch: (query, options) => kv.watch(query, options),
    async lease(ttlMs, options) {
      plan.check()
      return mortalLease(await kv.lease(ttlMs, options), plan)
    },
    compact: (revision, options) => kv.compact(revision, options),
    async status(options) {
      plan.check()
      return kv.status(options)
    },
    close: () => kv.close(),
  }
}

/** A dead process neither keeps its leases nor gives them back. */
function mortalLease(lease: Lease, plan: CrashPlan): Lease {
  return {
    id: lease.id,
    lost: lease.lost,
    async keepAlive(options) {
      plan.check()
      await lease.keepAlive(options)
    },
    async revoke(options) {
      plan.check()
      await lease.revoke(options)
    },
  }
}

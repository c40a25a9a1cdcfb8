import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { hasCode } from '../../src/engine/model/errors.ts'
import type { KeyValueStore } from '../../src/engine/ports/key-value-store.ts'
import { lock } from '../../src/engine/std/kv-lock.ts'
import { FaultyKeyValueStore, randomKvFaults } from '../support/faulty-kv.ts'
import { complaintAbout, type KvOperation, workOn } from '../support/kv-history.ts'
import { SeededRandom } from '../support/seeded-random.ts'
import type { KeyValueStoreSubject } from './key-value-store.ts'

const faultShare = 0.2
const clientsCount = 4

/** Clients whose calls fail in every way that the port allows: refused, applied without an answer, late, watches that end
 *  (spec/storage.md 15.3, 15.4). What they were told must still fit one order of events. */
export function keyValueStoreUnderFaults(
  name: string,
  makeSubject: () => Promise<KeyValueStoreSubject>,
  runs: { histories: number; locks: number },
): void {
  describe(`${name} as key-value store, over connections that fail`, () => {
    let subject: KeyValueStoreSubject
    let steady: KeyValueStore
    let stores: KeyValueStore[]
    let count = 0

    beforeAll(async () => {
      subject = await makeSubject()
      steady = await subject.open()
      stores = await Promise.all(Array.from({ length: clientsCount }, () => subject.open()))
    })
    afterAll(() => subject.destroy())

    const faulty = (seed: number) =>
      stores.map((store, at) => new FaultyKeyValueStore(store, randomKvFaults(new SeededRandom(seed + at), faultShare)))

    test('shows one common order of events, and applies nothing that it has refused', async () => {
      let unknown = 0
      for (let seed = 1; seed <= runs.histories; seed++) {
        const history: KvOperation[] = []
        const p = `f${count++}/`
        let time = 0
        const work = { keys: [`${p}x`, `${p}y`, `${p}z`], count: 20, now: () => ++time }
        const record = (operation: KvOperation, phase: string) => phase === 'start' && history.push(operation)
        const clients = faulty(seed * 100)
        await Promise.all(
          clients.map((store, at) =>
            workOn({ store, random: new SeededRandom(seed * 10 + at), name: `${at}` }, work, record),
          ),
        )
        // A reader without faults sees what has become of everything.
        await workOn({ store: steady, random: new SeededRandom(seed), name: 'last' }, { ...work, count: 4 }, record)
        expect(complaintAbout(history), `seed ${seed}`).toBeNull()
        unknown += history.filter(({ output, refused }) => output === undefined && refused !== true).length
        expect(history.filter(({ refused }) => refused).length, `seed ${seed}`).toBeGreaterThan(0)
      }
      expect(unknown).toBeGreaterThan(runs.histories)
    })

    test('lets a watcher whose watches are lost end with the state of the store, having missed no change it was not told of', async () => {
      for (let seed = 1; seed <= runs.histories; seed++) {
        const p = `w${count++}/`
        const [watcherStore, ...writers] = faulty(seed * 1000)
        if (watcherStore === undefined) throw new Error('no store')
        const { revision: begin } = await steady.get('begin')
        const watcher = new Mirror(watcherStore, p)
        const watching = watcher.follow(begin, `${p}end`)
        let time = 0
        const history: KvOperation[] = []
        const work = { keys: [`${p}x`, `${p}y`], count: 30, now: () => ++time }
        const record = (operation: KvOperation, phase: string) => phase === 'start' && history.push(operation)
        await Promise.all(
          writers.map((store, at) =>
            workOn({ store, random: new SeededRandom(seed * 10 + at), name: `${at}` }, work, record),
          ),
        )
        await steady.txn({ then: [{ type: 'put', key: `${p}end`, value: new Uint8Array() }] })
        await watching
        const { entries } = await steady.range({ prefix: p })
        const state = Object.fromEntries(entries.map(({ key, value }) => [key, Buffer.from(value).toString()]))
        expect(Object.fromEntries(watcher.state), `seed ${seed}`).toEqual(state)
        const written = history.filter(({ input, output }) => input.type === 'set' && output?.succeeded)
        for (const { revision = 0n } of written) expect(watcher.knows(revision), `revision ${revision}`).toBe(true)
        expect(watcher.complaint).toBe('')
      }
    })

    test('lets only the holder of a lock write, though keep-alives are lost and holders are late', async () => {
      let acknowledged = 0
      for (let seed = 1; seed <= runs.locks; seed++) {
        const p = `l${count++}/`
        const random = new SeededRandom(seed)
        const done = { acknowledged: 0, unknown: 0 }
        let working = clientsCount
        const workers = faulty(seed * 10_000).map(async (store) => {
          for (let round = 0; round < 5; round++) await countUnderLock(store, subject, p, done)
          working--
        })
        while (working > 0) {
          // Now and then so long at once that a lease ends unnoticed.
          await subject.pass(random.below(10) === 0 ? 2500 : random.below(200))
          await new Promise((resolve) => setTimeout(resolve, 2))
        }
        await Promise.all(workers)
        const { entry } = await steady.get(`${p}count`)
        const counted = Number(Buffer.from(entry?.value ?? []).toString())
        expect(counted).toBeGreaterThanOrEqual(done.acknowledged)
        expect(counted).toBeLessThanOrEqual(done.acknowledged + done.unknown)
        acknowledged += done.acknowledged
      }
      expect(acknowledged).toBeGreaterThan(0)
    })
  })
}

/** Reads and writes a counter with nothing but the lock's fence to keep others out: any overlap would lose a count. */
async function countUnderLock(
  store: KeyValueStore,
  { clock }: KeyValueStoreSubject,
  p: string,
  done: { acknowledged: number; unknown: number },
): Promise<void> {
  const held = await untilReached(() => lock(store, `${p}lock`, { clock, ttlMs: 2000 }))
  try {
    const { entry } = await untilReached(() => store.get(`${p}count`))
    await clock.sleep(700)
    const value = Buffer.from(String(Number(Buffer.from(entry?.value ?? []).toString()) + 1))
    const { succeeded } = await store.txn({ compare: [held.fence], then: [{ type: 'put', key: `${p}count`, value }] })
    if (succeeded) done.acknowledged++
  } catch (error) {
    if (hasCode(error, 'outcomeUnknown')) done.unknown++
    else if (!hasCode(error, 'storeUnreachable')) throw error
  } finally {
    await held.release().catch(() => undefined)
  }
}

async function untilReached<T>(call: () => Promise<T>): Promise<T> {
  for (;;) {
    try {
      return await call()
    } catch (error) {
      const isPassing = (['storeUnreachable', 'outcomeUnknown', 'leaseLost'] as const).some((code) =>
        hasCode(error, code),
      )
      if (!isPassing) throw error
    }
  }
}

/** A copy of what lies below a prefix, kept by watching; read anew when the watch says that it cannot go on. */
class Mirror {
  readonly state = new Map<string, string>()
  /** What came twice, out of order or in part; empty: nothing. */
  complaint = ''
  readonly #store: KeyValueStore
  readonly #prefix: string
  readonly #seen = new Set<bigint>()
  /** Where it had to read anew, and so saw results instead of changes. */
  readonly #readOver: { above: bigint; upTo: bigint }[] = []

  constructor(store: KeyValueStore, prefix: string) {
    this.#store = store
    this.#prefix = prefix
  }

  knows(revision: bigint): boolean {
    return this.#seen.has(revision) || this.#readOver.some(({ above, upTo }) => revision > above && revision <= upTo)
  }

  async follow(begin: bigint, end: string): Promise<void> {
    for (let cursor = begin; ; ) {
      try {
        for await (const { revision, events } of this.#store.watch({ prefix: this.#prefix, from: cursor + 1n })) {
          if (revision <= cursor) this.complaint = `revision ${revision} came after ${cursor}`
          cursor = revision
          for (const event of events) {
            if (event.type === 'delete') this.state.delete(event.key)
            else this.state.set(event.entry.key, Buffer.from(event.entry.value).toString())
            this.#seen.add(event.type === 'delete' ? event.modRevision : event.entry.modRevision)
          }
          if (this.state.has(end)) return
        }
      } catch (error) {
        if (!hasCode(error, 'revisionCompacted')) throw error
        const { entries, revision } = await untilReached(() => this.#store.range({ prefix: this.#prefix }))
        this.state.clear()
        for (const { key, value } of entries) this.state.set(key, Buffer.from(value).toString())
        this.#readOver.push({ above: cursor, upTo: revision })
        cursor = revision
        if (this.state.has(end)) return
      }
    }
  }
}

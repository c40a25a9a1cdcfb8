import fc from 'fast-check'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { MemoryKeyValueStore } from '../../src/engine/adapters/kv/memory.ts'
import { AgolaError } from '../../src/engine/model/errors.ts'
import type { Compare, KeyValueStore, Op, RangeQuery, WatchEvent } from '../../src/engine/ports/key-value-store.ts'
import { complaintAbout, type KvOperation, workOn } from '../support/kv-history.ts'
import { SeededRandom } from '../support/seeded-random.ts'
import { SimClock } from '../support/sim-clock.ts'
import type { KeyValueStoreSubject } from './key-value-store.ts'

/** What one client may ask for; revisions are given as steps back from the newest. */
type Step =
  | { type: 'txn'; compare: Compare[]; then: Op[]; else: Op[] }
  | { type: 'get'; key: string; back: number }
  | { type: 'range'; query: RangeQuery; back: number }
  | { type: 'compact'; back: number }
  | { type: 'watch'; prefix: string; back: number }

const key = fc.constantFrom('a', 'a/1', 'a/2', 'a0', 'b', 'b/1')
const prefix = fc.constantFrom('', 'a', 'a/', 'b', 'c')
const value = fc.constantFrom('', 'x', 'y', '\u0000').map((text) => new TextEncoder().encode(text))
const equality = fc.constantFrom('=' as const, '!=' as const)
const operator = fc.constantFrom('=' as const, '!=' as const, '<' as const, '>' as const)

const compare: fc.Arbitrary<Compare> = fc.oneof(
  fc.record({ key, target: fc.constant('version' as const), operator, value: fc.integer({ min: 0, max: 3 }) }),
  fc.record({ key, target: fc.constant('value' as const), operator: equality, value }),
  fc.record({ key, target: fc.constant('lease' as const), operator: equality, value: fc.constant(null) }),
)
const op: fc.Arbitrary<Op> = fc.oneof(
  { weight: 4, arbitrary: fc.record({ type: fc.constant('put' as const), key, value }) },
  { weight: 2, arbitrary: fc.record({ type: fc.constant('delete' as const), key }) },
  { weight: 1, arbitrary: fc.record({ type: fc.constant('deletePrefix' as const), prefix }) },
  { weight: 2, arbitrary: fc.record({ type: fc.constant('get' as const), key }) },
)
const ops = fc.array(op, { maxLength: 4 })
const back = fc.integer({ min: -1, max: 6 })
const step: fc.Arbitrary<Step> = fc.oneof(
  {
    weight: 6,
    arbitrary: fc.record({
      type: fc.constant('txn' as const),
      compare: fc.array(compare, { maxLength: 3 }),
      then: ops,
      else: ops,
    }),
  },
  { weight: 2, arbitrary: fc.record({ type: fc.constant('get' as const), key, back }) },
  {
    weight: 3,
    arbitrary: fc.record({
      type: fc.constant('range' as const),
      back,
      query: fc.record(
        {
          prefix,
          after: fc.oneof(key, fc.constant('')),
          limit: fc.integer({ min: 1, max: 4 }),
          descending: fc.boolean(),
          keysOnly: fc.boolean(),
        },
        { requiredKeys: ['prefix'] },
      ),
    }),
  },
  { weight: 1, arbitrary: fc.record({ type: fc.constant('compact' as const), back }) },
  { weight: 2, arbitrary: fc.record({ type: fc.constant('watch' as const), prefix, back }) },
)

/** Random use of an implementation, compared with the memory store and searched for histories that no single store could show. */
export function keyValueStoreModel(
  name: string,
  makeSubject: () => Promise<KeyValueStoreSubject>,
  runs: { model: number; histories: number },
): void {
  describe(`${name} as key-value store, used at random`, () => {
    let subject: KeyValueStoreSubject
    let store: KeyValueStore
    let count = 0

    beforeAll(async () => {
      subject = await makeSubject()
      store = await subject.open()
    })
    afterAll(() => subject.destroy())

    test('answers like the memory store', async () => {
      const property = fc.asyncProperty(fc.array(step, { minLength: 5, maxLength: 40 }), async (steps) => {
        const model = new MemoryKeyValueStore({ clock: new SimClock(), random: new SeededRandom(1) })
        const own = new Side(store, `m${count++}/`)
        const wanted = new Side(model, `m${count}/`)
        await own.begin()
        await wanted.begin()
        for (const one of steps) expect(await own.perform(one)).toEqual(await wanted.perform(one))
      })
      await fc.assert(property, { numRuns: runs.model, endOnFailure: true })
    })

    test('shows clients that work at the same time one common order of events', async () => {
      const clients = await Promise.all(Array.from({ length: 5 }, () => subject.open()))
      for (let seed = 1; seed <= runs.histories; seed++) {
        const history: KvOperation[] = []
        const keys = ['x', 'y', 'z'].map((one) => `h${count}/${one}`)
        count++
        let time = 0
        const work = { keys, count: 25, now: () => ++time }
        const record = (operation: KvOperation, phase: string) => phase === 'start' && history.push(operation)
        await Promise.all(
          clients.map((client, index) =>
            workOn({ store: client, random: new SeededRandom(seed * 10 + index), name: `${index}` }, work, record),
          ),
        )
        expect(complaintAbout(history), `seed ${seed}`).toBeNull()
        expect(history.filter(({ output }) => output === undefined)).toEqual([])
      }
    })
  })
}

/** One of the two stores under comparison. Revisions are told relative to the beginning, keys without the prefix. */
class Side {
  readonly #store: KeyValueStore
  readonly #prefix: string
  #base = 0n

  constructor(store: KeyValueStore, prefix: string) {
    this.#store = store
    this.#prefix = prefix
  }

  async begin(): Promise<void> {
    // Nothing ever happened in revision 1, so it is no fair beginning.
    const { revision } = await this.#store.txn({ then: [{ type: 'put', key: 'begin', value: new Uint8Array() }] })
    this.#base = revision
    await this.#store.compact(this.#base)
  }

  async perform(step: Step): Promise<unknown> {
    try {
      return this.#relative(await this.#call(step))
    } catch (error) {
      if (!(error instanceof AgolaError)) throw error
      const { minRevision } = error.details
      return {
        code: error.code,
        minRevision: typeof minRevision === 'string' ? BigInt(minRevision) - this.#base : null,
      }
    }
  }

  async #call(step: Step): Promise<unknown> {
    const p = this.#prefix
    switch (step.type) {
      case 'txn':
        return this.#store.txn({
          compare: step.compare.map((one) => ({ ...one, key: p + one.key })),
          then: step.then.map((one) => prefixed(one, p)),
          else: step.else.map((one) => prefixed(one, p)),
        })
      case 'get':
        return this.#store.get(p + step.key, await this.#at(step.back))
      case 'range': {
        const { after } = step.query
        const query = { ...step.query, prefix: p + step.query.prefix, ...(after !== undefined && { after: p + after }) }
        return this.#store.range({ ...query, ...(await this.#at(step.back)) })
      }
      case 'compact':
        return this.#store.compact((await this.#store.status()).revision - BigInt(step.back))
      case 'watch':
        return this.#events(p + step.prefix, step.back)
    }
  }

  /** `back` 0 is no revision at all: the newest. */
  async #at(back: number): Promise<{ revision?: bigint }> {
    if (back === 0) return {}
    const { revision } = await this.#store.status()
    return { revision: max(revision - BigInt(back), this.#base) }
  }

  async #events(prefix: string, back: number): Promise<WatchEvent[]> {
    const { revision } = await this.#store.status()
    const from = max(revision - BigInt(Math.max(0, back)), this.#base)
    // A key of its own tells when everything before has come.
    const mark = `${prefix}~mark`
    const { revision: end } = await this.#store.txn({ then: [{ type: 'put', key: mark, value: new Uint8Array() }] })
    const events: WatchEvent[] = []
    for await (const batch of this.#store.watch({ prefix, from })) {
      events.push(...batch.events)
      if (batch.revision >= end) break
    }
    return events
  }

  #relative(value: unknown): unknown {
    if (typeof value === 'bigint') return value - this.#base
    if (typeof value === 'string') return value.startsWith(this.#prefix) ? value.slice(this.#prefix.length) : value
    if (value instanceof Uint8Array) return [...value]
    if (Array.isArray(value)) return value.map((one) => this.#relative(one))
    if (typeof value !== 'object' || value === null) return value
    return Object.fromEntries(Object.entries(value).map(([name, one]) => [name, this.#relative(one)]))
  }
}

function prefixed(op: Op, prefix: string): Op {
  return op.type === 'deletePrefix' ? { ...op, prefix: prefix + op.prefix } : { ...op, key: prefix + op.key }
}

function max(a: bigint, b: bigint): bigint {
  return a > b ? a : b
}

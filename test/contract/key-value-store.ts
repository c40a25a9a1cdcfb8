import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import type { Clock } from '../../src/engine/ports/clock.ts'
import type {
  Compare,
  CompareOperator,
  Entry,
  KeyValueStore,
  Op,
  Txn,
  WatchBatch,
  WatchEvent,
} from '../../src/engine/ports/key-value-store.ts'
import { keyValueLimits } from '../../src/engine/ports/key-value-store.ts'
import { lock, tryLock } from '../../src/engine/std/kv-lock.ts'

/** One store under test, alone in its world. */
export interface KeyValueStoreSubject {
  /** A client of the store; every call another one, as other processes would have. */
  open(): Promise<KeyValueStore>
  readonly clock: Clock
  /** Lets so much time pass for leases. */
  pass(ms: number): Promise<void>
  /** Closes the clients and removes everything. */
  destroy(): Promise<void>
}

/** The rules of the key-value port, for every implementation alike (spec/storage.md 13.2, 15.2). Needs leases of 2 s and longer only. */
export function keyValueStoreContract(name: string, makeSubject: () => Promise<KeyValueStoreSubject>): void {
  describe(`${name} as key-value store`, () => {
    let subject: KeyValueStoreSubject
    let store: KeyValueStore
    /** Every test works below a prefix of its own, so that they share one store. */
    let p: string
    let count = 0

    beforeAll(async () => {
      subject = await makeSubject()
      store = await subject.open()
    })
    afterAll(() => subject.destroy())
    beforeEach(() => {
      p = `t${count++}/`
    })

    const put = (key: string, value = '', lease?: string) =>
      store.txn({ then: [{ type: 'put', key: p + key, value: bytes(value), ...(lease ? { lease } : {}) }] })
    const remove = (key: string) => store.txn({ then: [{ type: 'delete', key: p + key }] })
    const get = async (key: string, revision?: bigint) =>
      (await store.get(p + key, revision === undefined ? {} : { revision })).entry
    const keysOf = (entries: Entry[]) => entries.map((entry) => entry.key.slice(p.length))

    describe('get and put', () => {
      test('an absent key is null and comes with the revision of the store', async () => {
        const { revision } = await put('other')
        expect(await store.get(`${p}absent`)).toEqual({ entry: null, revision })
      })

      test('a new entry has version 1 and the revision that created it', async () => {
        const { revision } = await put('a', 'one')
        expect(await get('a')).toEqual({
          key: `${p}a`,
          value: bytes('one'),
          createRevision: revision,
          modRevision: revision,
          version: 1,
          lease: null,
        })
      })

      test('a change keeps the create revision and counts the version', async () => {
        const created = await put('a', 'one')
        const changed = await put('a', 'two')
        expect(changed.revision).toBe(created.revision + 1n)
        expect(await get('a')).toMatchObject({
          value: bytes('two'),
          createRevision: created.revision,
          modRevision: changed.revision,
          version: 2,
        })
      })

      test('a key that was deleted starts again at version 1', async () => {
        await put('a', 'one')
        await remove('a')
        expect(await get('a')).toBeNull()
        const { revision } = await put('a', 'two')
        expect(await get('a')).toMatchObject({ createRevision: revision, version: 1 })
      })

      test('values are bytes, and none of them is special', async () => {
        const value = Uint8Array.from({ length: 256 }, (_, index) => index)
        await store.txn({ then: [{ type: 'put', key: `${p}a`, value }] })
        expect(new Uint8Array((await get('a'))?.value ?? [])).toEqual(value)
      })

      test('a store keeps its own copy of a value', async () => {
        // A Buffer, because its slices are views where those of other arrays are copies.
        const value = Buffer.from('before')
        const written = store.txn({ then: [{ type: 'put', key: `${p}a`, value }] })
        value.fill(0)
        await written
        const read = await get('a')
        expect(read?.value).toEqual(bytes('before'))
        read?.value.fill(0)
        expect((await get('a'))?.value).toEqual(bytes('before'))
      })

      test('other clients of the store see what is acknowledged', async () => {
        const other = await subject.open()
        const { revision } = await put('a', 'one')
        expect(await other.get(`${p}a`)).toMatchObject({ revision, entry: { value: bytes('one') } })
      })
    })

    describe('keys and limits', () => {
      const odd = ['a b', '~', '!', 'ä', 'a\n', '\u007f', 'a\u0000b', 'ключ']
      test.each(odd.map((key) => [key, /^[ -~]*$/.test(key)] as const))(
        'key %j is allowed: %s',
        async (key, allowed) => {
          if (allowed) await put(key)
          else await expect(put(key)).rejects.toMatchObject({ code: 'keyInvalid' })
        },
      )

      test('a key is not empty and does not start with a slash', async () => {
        for (const key of ['', '/', '/a']) {
          const calls = [
            store.get(key),
            store.txn({ then: [{ type: 'get', key }] }),
            store.txn({ compare: [{ key, target: 'version', operator: '=', value: 0 }], then: [] }),
          ]
          for (const call of calls) await expect(call).rejects.toMatchObject({ code: 'keyInvalid', kind: 'badrequest' })
        }
        await expect(store.range({ prefix: '/' })).rejects.toMatchObject({ code: 'keyInvalid' })
      })

      test('a key has at most 512 bytes', async () => {
        const longest = 'k'.repeat(keyValueLimits.keyBytesMax - p.length)
        await put(longest)
        await expect(put(`${longest}k`)).rejects.toMatchObject({ code: 'keyInvalid' })
      })

      test('the values of a transaction have at most 1 MiB together', async () => {
        const half = new Uint8Array(keyValueLimits.valueBytesMax / 2)
        const puts: Op[] = ['a', 'b'].map((key) => ({ type: 'put', key: p + key, value: half }))
        await store.txn({ then: puts })
        const tooMuch: Op[] = [...puts, { type: 'put', key: `${p}c`, value: bytes('x') }]
        await expect(store.txn({ then: tooMuch })).rejects.toMatchObject({ code: 'tooLarge' })
        expect(await get('c')).toBeNull()
      })

      test('a transaction has at most 100 operations and 100 compares', async () => {
        const ops = (count: number): Op[] =>
          Array.from({ length: count }, (_, index) => ({ type: 'put', key: `${p}${index}`, value: bytes('v') }))
        const compares = (count: number): Compare[] =>
          Array.from({ length: count }, (_, index) => ({
            key: `${p}${index}`,
            target: 'version',
            operator: '=',
            value: 0,
          }))
        const largest = await store.txn({ compare: compares(100), then: ops(100), else: ops(100) })
        expect(largest.succeeded).toBe(true)
        expect(
          (await store.range({ prefix: p })).entries.every((entry) => entry.modRevision === largest.revision),
        ).toBe(true)
        await expect(store.txn({ then: ops(101) })).rejects.toMatchObject({ code: 'tooLarge' })
        await expect(store.txn({ then: [], else: ops(101) })).rejects.toMatchObject({ code: 'tooLarge' })
        await expect(store.txn({ compare: compares(101), then: [] })).rejects.toMatchObject({ code: 'tooLarge' })
      })

      test('compares of values that an absent key meets leave room for fewer of the rest, whatever the store', async () => {
        const ops = (count: number, value = bytes('v')): Op[] =>
          Array.from({ length: count }, (_, index) => ({ type: 'put', key: `${p}op/${index}`, value }))
        const compares = (count: number): Compare[] =>
          Array.from({ length: count }, (_, index) => {
            const key = `${p}absent/${index}`
            return index % 2 === 0
              ? { key, target: 'value', operator: '=', value: bytes('') }
              : { key, target: 'value', operator: '!=', value: bytes('v') }
          })
        const versions = (count: number): Compare[] =>
          Array.from({ length: count }, (_, at) => ({ key: `${p}${at}`, target: 'version', operator: '=', value: 0 }))
        const fits: Txn[] = [
          { compare: [...compares(27), ...versions(73)], then: ops(100), else: ops(1) },
          { compare: compares(9), then: ops(100), else: ops(3) },
          { compare: compares(1), then: ops(100), else: ops(27) },
        ]
        for (const txn of fits) expect((await store.txn(txn)).succeeded).toBe(true)
        const tooMuch: Txn[] = [
          { compare: compares(28), then: [] },
          { compare: compares(9), then: [], else: ops(4) },
          { compare: compares(1), then: [], else: ops(28) },
        ]
        for (const txn of tooMuch) await expect(store.txn(txn)).rejects.toMatchObject({ code: 'tooLarge' })
        const third = new Uint8Array(Math.floor(keyValueLimits.valueBytesMax / 3) - 1)
        expect((await store.txn({ compare: compares(2), then: [], else: ops(1, third) })).succeeded).toBe(true)
        const more = { compare: compares(3), then: [], else: ops(1, third) }
        await expect(store.txn(more)).rejects.toMatchObject({ code: 'tooLarge' })
        const present: Compare = { key: `${p}op/0`, target: 'value', operator: '=', value: bytes('') }
        const read: Txn = { compare: [...compares(26), present], then: [], else: [{ type: 'get', key: `${p}op/0` }] }
        expect(await store.txn(read)).toMatchObject({ succeeded: false, gets: [{ value: bytes('v') }] })
      })

      test('a transaction writes a key once', async () => {
        const write = (key: string): Op => ({ type: 'put', key: p + key, value: bytes('v') })
        const twice: Op[][] = [
          [write('a'), write('a')],
          [write('a'), { type: 'delete', key: `${p}a` }],
          [write('a/1'), { type: 'deletePrefix', prefix: `${p}a/` }],
          [
            { type: 'deletePrefix', prefix: `${p}a` },
            { type: 'deletePrefix', prefix: `${p}a/` },
          ],
        ]
        for (const then of twice) await expect(store.txn({ then })).rejects.toMatchObject({ code: 'keyInvalid' })
        await store.txn({ then: [write('a'), { type: 'get', key: `${p}a` }], else: [write('a')] })
      })
    })

    describe('transactions', () => {
      test('all writes share one revision', async () => {
        await put('c')
        const { revision: before } = await store.status()
        const result = await store.txn({
          then: [
            { type: 'put', key: `${p}a`, value: bytes('1') },
            { type: 'put', key: `${p}b`, value: bytes('2') },
            { type: 'delete', key: `${p}c` },
          ],
        })
        expect(result).toEqual({ succeeded: true, revision: before + 1n, gets: [] })
        expect((await get('a'))?.modRevision).toBe(result.revision)
        expect((await get('b'))?.modRevision).toBe(result.revision)
      })

      test('what changes nothing makes no revision', async () => {
        const { revision } = await put('a')
        const nothing: Op[][] = [
          [],
          [{ type: 'get', key: `${p}a` }],
          [{ type: 'delete', key: `${p}absent` }],
          [{ type: 'deletePrefix', prefix: `${p}absent/` }],
        ]
        for (const then of nothing) expect((await store.txn({ then })).revision).toBe(revision)
        expect((await store.status()).revision).toBe(revision)
      })

      test('putting the same value again is a change', async () => {
        const { revision } = await put('a', 'same')
        expect((await put('a', 'same')).revision).toBe(revision + 1n)
      })

      test('the else branch is taken when one compare fails', async () => {
        await put('a', 'one')
        const result = await store.txn({
          compare: [
            { key: `${p}a`, target: 'version', operator: '=', value: 1 },
            { key: `${p}a`, target: 'value', operator: '=', value: bytes('two') },
          ],
          then: [{ type: 'put', key: `${p}then`, value: bytes('') }],
          else: [
            { type: 'get', key: `${p}a` },
            { type: 'put', key: `${p}else`, value: bytes('') },
            { type: 'get', key: `${p}then` },
          ],
        })
        expect(result.succeeded).toBe(false)
        expect(result.gets.map((entry) => entry?.value ?? null)).toEqual([bytes('one'), null])
        expect(keysOf((await store.range({ prefix: p })).entries)).toEqual(['a', 'else'])
      })

      test('a get sees what the operations before it wrote', async () => {
        await put('a', 'old')
        const { gets, revision } = await store.txn({
          then: [
            { type: 'get', key: `${p}a` },
            { type: 'put', key: `${p}a`, value: bytes('new') },
            { type: 'get', key: `${p}a` },
          ],
        })
        expect(gets.map((entry) => text(entry))).toEqual(['old', 'new'])
        expect(gets[1]).toMatchObject({ modRevision: revision, version: 2 })
      })

      test('deletePrefix deletes these keys only, in one revision', async () => {
        for (const key of ['a', 'a/1', 'a/2', 'a0', 'b']) await put(key)
        const { revision } = await store.txn({ then: [{ type: 'deletePrefix', prefix: `${p}a/` }] })
        const after = await store.range({ prefix: p })
        expect(keysOf(after.entries)).toEqual(['a', 'a0', 'b'])
        expect(after.revision).toBe(revision)
      })

      test('of writers that compare the same revision exactly one wins', async () => {
        await put('a', 'start')
        const entry = await get('a')
        const clients = await Promise.all(Array.from({ length: 4 }, () => subject.open()))
        const results = await Promise.all(
          clients.map((client, index) =>
            client.txn({
              compare: [{ key: `${p}a`, target: 'modRevision', operator: '=', value: entry?.modRevision ?? 0n }],
              then: [{ type: 'put', key: `${p}a`, value: bytes(`by ${index}`) }],
            }),
          ),
        )
        const winner = results.findIndex((result) => result.succeeded)
        expect(results.filter((result) => result.succeeded)).toHaveLength(1)
        expect(text(await get('a'))).toBe(`by ${winner}`)
      })
    })

    describe('compares', () => {
      const operators: CompareOperator[] = ['=', '!=', '<', '>']
      const truth = (operator: CompareOperator, actual: number, wanted: number) =>
        ({ '=': actual === wanted, '!=': actual !== wanted, '<': actual < wanted, '>': actual > wanted })[operator]
      const succeeds = async (compare: Compare) => (await store.txn({ compare: [compare], then: [] })).succeeded

      test.each(operators)('numbers of a present and an absent key with %s', async (operator) => {
        await put('a', 'one')
        const { revision } = await put('a', 'two')
        const key = `${p}a`
        for (const offset of [-1, 0, 1]) {
          const wanted = revision + BigInt(offset)
          const created = revision - 1n + BigInt(offset)
          expect(await succeeds({ key, target: 'modRevision', operator, value: wanted })).toBe(
            truth(operator, 0, offset),
          )
          expect(await succeeds({ key, target: 'createRevision', operator, value: created })).toBe(
            truth(operator, 0, offset),
          )
          expect(await succeeds({ key, target: 'version', operator, value: 2 + offset })).toBe(
            truth(operator, 0, offset),
          )
        }
        for (const value of [0, 1]) {
          const absent = `${p}absent`
          const expected = truth(operator, 0, value)
          expect(await succeeds({ key: absent, target: 'modRevision', operator, value: BigInt(value) })).toBe(expected)
          expect(await succeeds({ key: absent, target: 'createRevision', operator, value: BigInt(value) })).toBe(
            expected,
          )
          expect(await succeeds({ key: absent, target: 'version', operator, value })).toBe(expected)
        }
      })

      test.each([
        { target: 'createRevision', operator: '=', value: 0n },
        { target: 'modRevision', operator: '=', value: 0n },
        { target: 'version', operator: '=', value: 0 },
      ] as const)('a key that must be new ($target) is written once, and again after its deletion', async (isNew) => {
        const create = (value: string) =>
          store.txn({
            compare: [{ key: `${p}a`, ...isNew }],
            then: [{ type: 'put', key: `${p}a`, value: bytes(value) }],
            else: [{ type: 'get', key: `${p}a` }],
          })
        const first = await create('one')
        const entry = { createRevision: first.revision, modRevision: first.revision, version: 1, lease: null }
        expect(first).toMatchObject({ succeeded: true, gets: [] })
        expect(await create('two')).toMatchObject({ succeeded: false, revision: first.revision, gets: [entry] })
        expect(await get('a')).toMatchObject({ ...entry, value: bytes('one') })
        const removed = await remove('a')
        expect(await get('a', removed.revision - 1n)).toMatchObject(entry)
        const again = await create('three')
        expect(again).toMatchObject({ succeeded: true, revision: removed.revision + 1n })
        expect(await get('a')).toMatchObject({ createRevision: again.revision, version: 1, value: bytes('three') })
      })

      test.each(['=', '!='] as const)('value and lease of a present and an absent key with %s', async (operator) => {
        const is = operator === '='
        const lease = await store.lease(60_000)
        await put('leased', 'v', lease.id)
        await put('plain', 'v')
        const value = (key: string, wanted: string) =>
          succeeds({ key: p + key, target: 'value', operator, value: bytes(wanted) })
        const onLease = (key: string, wanted: string | null) =>
          succeeds({ key: p + key, target: 'lease', operator, value: wanted })
        expect(await value('plain', 'v')).toBe(is)
        expect(await value('plain', 'w')).toBe(!is)
        expect(await value('absent', '')).toBe(is)
        expect(await value('absent', 'v')).toBe(!is)
        expect(await onLease('leased', lease.id)).toBe(is)
        expect(await onLease('leased', null)).toBe(!is)
        expect(await onLease('plain', null)).toBe(is)
        expect(await onLease('plain', lease.id)).toBe(!is)
        expect(await onLease('absent', null)).toBe(is)
        await lease.revoke()
      })
    })

    describe('ranges', () => {
      const all = ['a', 'a/1', 'a/10', 'a/2', 'a0', 'b', '~']

      test('come in byte order, ascending and descending', async () => {
        for (const key of [...all].reverse()) await put(key)
        expect(keysOf((await store.range({ prefix: p })).entries)).toEqual(all)
        expect(keysOf((await store.range({ prefix: p, descending: true })).entries)).toEqual(all.toReversed())
        expect(keysOf((await store.range({ prefix: `${p}a/` })).entries)).toEqual(['a/1', 'a/10', 'a/2'])
      })

      test('go on after a key in either direction, whether it exists or not', async () => {
        for (const key of all) await put(key)
        const beyond = async (key: string, descending: boolean) =>
          keysOf((await store.range({ prefix: `${p}a`, after: p + key, descending })).entries)
        expect(await beyond('a/10', false)).toEqual(['a/2', 'a0'])
        expect(await beyond('a/11', false)).toEqual(['a/2', 'a0'])
        expect(await beyond('a/2', true)).toEqual(['a/10', 'a/1', 'a'])
        expect(await beyond('a/11', true)).toEqual(['a/10', 'a/1', 'a'])
        expect(await beyond('zzz', false)).toEqual([])
        expect(await beyond('zzz', true)).toEqual(['a0', 'a/2', 'a/10', 'a/1', 'a'])
        expect(await beyond('', false)).toEqual(['a', 'a/1', 'a/10', 'a/2', 'a0'])
        expect(await beyond('', true)).toEqual([])
      })

      test('say whether the limit cut them', async () => {
        for (const key of all) await put(key)
        const cut = await store.range({ prefix: p, limit: all.length - 1 })
        expect(cut).toMatchObject({ more: true, entries: { length: all.length - 1 } })
        expect(await store.range({ prefix: p, limit: all.length })).toMatchObject({ more: false })
      })

      test('leave out the values on demand', async () => {
        await put('a', 'value')
        const { entries } = await store.range({ prefix: p, keysOnly: true })
        expect(entries).toMatchObject([{ key: `${p}a`, value: bytes(''), version: 1 }])
      })

      test('the pages of one revision are one snapshot, whatever is written meanwhile', async () => {
        const keys = Array.from({ length: 20 }, (_, index) => `k${String(index).padStart(2, '0')}`)
        for (const key of keys) await put(key, 'old')
        const seen: Entry[] = []
        let page = await store.range({ prefix: p, limit: 3 })
        const { revision } = page
        for (;;) {
          seen.push(...page.entries)
          const last = page.entries.at(-1)
          if (!page.more || !last) break
          await put(keys[seen.length % keys.length] ?? '', 'new')
          await remove(keys[(seen.length + 7) % keys.length] ?? '')
          await put(`k${seen.length}x`, 'new')
          page = await store.range({ prefix: p, limit: 3, after: last.key, revision })
          expect(page.revision).toBe(revision)
        }
        expect(keysOf(seen)).toEqual(keys)
        expect(seen.every((entry) => text(entry) === 'old' && entry.version === 1)).toBe(true)
      })

      test('the whole store is the range of the empty prefix', async () => {
        await put('a')
        const { entries } = await store.range({ prefix: '', keysOnly: true })
        expect(entries.map((entry) => entry.key)).toContain(`${p}a`)
      })
    })

    describe('history', () => {
      test('reads at an old revision see the old state', async () => {
        const created = await put('a', 'one')
        const changed = await put('a', 'two')
        const deleted = await remove('a')
        await put('a', 'again')
        expect(await get('a', created.revision - 1n)).toBeNull()
        expect(text(await get('a', created.revision))).toBe('one')
        expect(await get('a', changed.revision)).toMatchObject({
          value: bytes('two'),
          version: 2,
          createRevision: created.revision,
        })
        expect(await get('a', deleted.revision)).toBeNull()
        const old = await store.range({ prefix: p, revision: changed.revision, descending: true })
        expect(old.entries.map((entry) => text(entry))).toEqual(['two'])
      })

      test('a revision that does not exist yet is refused', async () => {
        const { revision } = await put('a')
        await expect(get('a', revision + 1n)).rejects.toMatchObject({ code: 'revisionInFuture' })
        await expect(store.range({ prefix: p, revision: revision + 1n })).rejects.toMatchObject({
          code: 'revisionInFuture',
        })
        await expect(store.compact(revision + 1n)).rejects.toMatchObject({ code: 'revisionInFuture' })
      })

      test('compaction keeps its revision and everything later, and refuses what is older', async () => {
        await put('a', 'one')
        await put('gone', 'x')
        const old = await put('a', 'two')
        const { revision } = await remove('gone')
        const later = await put('a', 'three')
        await store.compact(revision)
        expect(text(await get('a', revision))).toBe('two')
        expect(text(await get('a', later.revision))).toBe('three')
        expect(await get('gone', revision)).toBeNull()
        await expect(get('a', old.revision)).rejects.toMatchObject({
          code: 'revisionCompacted',
          details: { minRevision: String(revision) },
        })
        await expect(store.range({ prefix: p, revision: old.revision })).rejects.toMatchObject({
          code: 'revisionCompacted',
        })
        expect((await store.status()).compactRevision).toBe(revision)
      })

      test('compacting the same again is nothing', async () => {
        const { revision } = await put('a')
        await store.compact(revision)
        await store.compact(revision)
        await store.compact(revision - 1n)
        expect((await store.status()).compactRevision).toBe(revision)
      })
    })

    describe('watches', () => {
      /** Batches until `enough` events have come; a whole batch is never cut. */
      const take = async (watch: AsyncIterable<WatchBatch>, enough: number): Promise<WatchBatch[]> => {
        const batches: WatchBatch[] = []
        let events = 0
        for await (const batch of watch) {
          batches.push(batch)
          events += batch.events.length
          if (events >= enough) break
        }
        return batches
      }
      const eventsOf = (batches: WatchBatch[]) =>
        batches.flatMap((batch) => batch.events).map((event) => short(event, p))

      test('from a past revision: every event since then, in order', async () => {
        await put('before')
        const first = await put('a', 'one')
        await put('a', 'two')
        await remove('a')
        await put('b', 'three')
        const batches = await take(store.watch({ prefix: p, from: first.revision }), 4)
        expect(eventsOf(batches)).toEqual(['put a one', 'put a two', 'delete a', 'put b three'])
        const revisions = batches.flatMap((batch) => batch.events).map(revisionOf)
        expect(revisions).toEqual([0n, 1n, 2n, 3n].map((offset) => first.revision + offset))
      })

      test('entries of events are whole', async () => {
        const created = await put('a', 'one')
        const changed = await put('a', 'two')
        const batches = await take(store.watch({ prefix: p, from: changed.revision }), 1)
        expect(batches.flatMap((batch) => batch.events)).toEqual([
          {
            type: 'put',
            entry: {
              key: `${p}a`,
              value: bytes('two'),
              createRevision: created.revision,
              modRevision: changed.revision,
              version: 2,
              lease: null,
            },
          },
        ])
      })

      test('from now on: the first batch says since when, then comes what happens', async () => {
        const { revision } = await put('before')
        const watch = store.watch({ prefix: p })[Symbol.asyncIterator]()
        expect((await watch.next()).value).toEqual({ revision, events: [] })
        const other = await subject.open()
        await other.txn({ then: [{ type: 'put', key: `${p}a`, value: bytes('one') }] })
        const batches = await take({ [Symbol.asyncIterator]: () => watch }, 1)
        expect(eventsOf(batches)).toEqual(['put a one'])
      })

      test('from a future revision: nothing before it', async () => {
        const { revision } = await put('before')
        const taken = take(store.watch({ prefix: p, from: revision + 3n }), 1)
        await put('a')
        await put('b')
        await put('c')
        expect(eventsOf(await taken)).toEqual(['put c '])
      })

      test('other prefixes are not seen, but their revisions pass', async () => {
        const { revision } = await put('a/1')
        await put('b/1')
        await put('a/2')
        const batches = await take(store.watch({ prefix: `${p}a/`, from: revision }), 2)
        expect(eventsOf(batches)).toEqual(['put a/1 ', 'put a/2 '])
        expect(batches.at(-1)?.revision).toBeGreaterThanOrEqual(revision + 2n)
      })

      test('a revision is never cut in two', async () => {
        const { revision } = await put('start')
        for (let round = 0; round < 30; round++) {
          const ops: Op[] = Array.from({ length: 100 }, (_, index) => ({
            type: 'put',
            key: `${p}${index}`,
            value: new Uint8Array(1000),
          }))
          await store.txn({ then: ops })
        }
        let last = revision
        for await (const batch of store.watch({ prefix: p, from: revision + 1n })) {
          const revisions = Map.groupBy(batch.events, revisionOf)
          for (const [own, events] of revisions) {
            expect(own).toBe(last + 1n)
            expect(events).toHaveLength(100)
            last = own
          }
          expect(batch.revision).toBeGreaterThanOrEqual(last)
          if (last === revision + 30n) break
        }
      })

      test('a deletePrefix of very many keys is one revision too', async () => {
        for (let group = 0; group < 15; group++) {
          const ops: Op[] = Array.from({ length: 100 }, (_, index) => ({
            type: 'put',
            key: `${p}${group}/${index}`,
            value: bytes(''),
          }))
          await store.txn({ then: ops })
        }
        const { revision } = await store.txn({ then: [{ type: 'deletePrefix', prefix: p }] })
        const [batch] = await take(store.watch({ prefix: p, from: revision }), 1)
        expect(batch?.events).toHaveLength(1500)
        expect(batch?.events.every((event) => event.type === 'delete' && event.modRevision === revision)).toBe(true)
      })

      test('the cursor of the last batch goes on without gap or repetition', async () => {
        const { revision } = await put('0')
        let next = revision + 1n
        const seen: string[] = []
        for (let round = 1; round <= 5; round++) {
          await put(`${round}a`)
          await put(`${round}b`)
          const [batch] = await take(store.watch({ prefix: p, from: next }), 1)
          seen.push(...(batch?.events ?? []).map((event) => short(event, p)))
          next = (batch?.revision ?? 0n) + 1n
        }
        expect(new Set(seen).size).toBe(seen.length)
        expect(seen[0]).toBe('put 1a ')
        const rest = await store.range({ prefix: p })
        const late = rest.entries.filter((entry) => entry.modRevision >= next).length
        expect(seen.length + late).toBe(10)
      })

      test('what is compacted away cannot be watched, and the error names what can', async () => {
        const first = await put('a')
        const { revision } = await put('a')
        await store.compact(revision)
        for (const from of [first.revision, revision]) {
          await expect(take(store.watch({ prefix: p, from }), 1)).rejects.toMatchObject({
            code: 'revisionCompacted',
            details: { minRevision: String(revision + 1n) },
          })
        }
        const later = await put('b')
        expect(eventsOf(await take(store.watch({ prefix: p, from: revision + 1n }), 1))).toEqual(['put b '])
        expect(later.revision).toBe(revision + 1n)
      })

      test('aborting ends a watch with the reason', async () => {
        const controller = new AbortController()
        const watch = store.watch({ prefix: p }, { signal: controller.signal })[Symbol.asyncIterator]()
        await watch.next()
        const next = watch.next()
        controller.abort(new Error('enough'))
        await expect(next).rejects.toThrow('enough')
      })

      test('closing the store ends its watches and refuses everything else', async () => {
        const other = await subject.open()
        const watch = other.watch({ prefix: p })[Symbol.asyncIterator]()
        await watch.next()
        const next = watch.next()
        next.catch(() => undefined)
        await other.close()
        await other.close()
        await expect(next).rejects.toMatchObject({ code: 'storeClosed' })
        const calls = [
          other.get(`${p}a`),
          other.range({ prefix: p }),
          other.txn({ then: [] }),
          other.lease(5000),
          other.status(),
        ]
        for (const call of calls) await expect(call).rejects.toMatchObject({ code: 'storeClosed' })
        await put('still usable by others')
      })
    })

    describe('leases', () => {
      test('a lease that is not kept alive expires: its keys are deleted in one revision, and watchers learn it', async () => {
        const lease = await store.lease(2000)
        await put('a', '1', lease.id)
        const { revision } = await put('b', '2', lease.id)
        await put('c', '3')
        expect((await get('a'))?.lease).toBe(lease.id)
        const lost = new Promise((resolve) => lease.lost.addEventListener('abort', resolve))
        const deleted: WatchEvent[] = []
        const watched = (async () => {
          for await (const batch of store.watch({ prefix: p, from: revision + 2n })) {
            deleted.push(...batch.events)
            if (deleted.length >= 2) return
          }
        })()
        await subject.pass(2000)
        await watched
        await lost
        expect(deleted.map((event) => short(event, p)).sort()).toEqual(['delete a', 'delete b'])
        expect(new Set(deleted.map(revisionOf)).size).toBe(1)
        expect(keysOf((await store.range({ prefix: p })).entries)).toEqual(['c'])
        await expect(lease.keepAlive()).rejects.toMatchObject({ code: 'leaseLost' })
        await expect(put('d', '4', lease.id)).rejects.toMatchObject({ code: 'leaseLost' })
        expect(await get('d')).toBeNull()
      })

      test('keeping it alive keeps its keys', async () => {
        const lease = await store.lease(2000)
        await put('a', '1', lease.id)
        for (let round = 0; round < 5; round++) {
          await subject.pass(600)
          await lease.keepAlive()
        }
        expect(lease.lost.aborted).toBe(false)
        expect(await get('a')).not.toBeNull()
        await lease.revoke()
      })

      test('revoking deletes at once, and twice is fine', async () => {
        const lease = await store.lease(60_000)
        await put('a', '1', lease.id)
        const { revision } = await put('b', '2')
        await lease.revoke()
        await lease.revoke()
        expect(await get('a')).toBeNull()
        expect((await store.status()).revision).toBe(revision + 1n)
        expect(lease.lost.aborted).toBe(true)
      })

      test('a key follows the lease of its last put', async () => {
        const [first, second] = [await store.lease(60_000), await store.lease(60_000)]
        await put('moved', '1', first.id)
        await put('moved', '2', second.id)
        await put('freed', '1', first.id)
        await put('freed', '2')
        await first.revoke()
        expect(await get('moved')).toMatchObject({ lease: second.id })
        expect(await get('freed')).toMatchObject({ lease: null })
        await second.revoke()
        expect(await get('moved')).toBeNull()
      })

      test('an unknown lease is refused and nothing is written', async () => {
        const { revision } = await store.status()
        await expect(put('a', '1', '7587')).rejects.toMatchObject({ code: 'leaseLost' })
        expect((await store.status()).revision).toBe(revision)
      })

      test('a lease ends by itself when its client is gone', async () => {
        const other = await subject.open()
        const lease = await other.lease(2000)
        const { revision } = await other.txn({
          then: [{ type: 'put', key: `${p}a`, value: bytes(''), lease: lease.id }],
        })
        await other.close()
        expect(lease.lost.aborted).toBe(true)
        const taken = take1(store.watch({ prefix: p, from: revision + 1n }))
        await subject.pass(2000)
        expect(short(await taken, p)).toBe('delete a')
      })
    })

    describe('locks on leases', () => {
      test('one holder at a time; a second attempt is told so', async () => {
        const options = { clock: subject.clock, ttlMs: 5000 }
        const other = await subject.open()
        const held = await tryLock(store, `${p}lock`, options)
        expect(held).not.toBeNull()
        expect(await tryLock(other, `${p}lock`, options)).toBeNull()
        await held?.release()
        await held?.release()
        const next = await tryLock(other, `${p}lock`, options)
        expect(next).not.toBeNull()
        await next?.release()
      })

      test('who waits gets it after the release, and never two at once', async () => {
        const clients = await Promise.all(Array.from({ length: 4 }, () => subject.open()))
        let holders = 0
        let most = 0
        const turn = async (client: KeyValueStore) => {
          const held = await lock(client, `${p}lock`, { clock: subject.clock, ttlMs: 60_000 })
          most = Math.max(most, ++holders)
          await client.txn({ compare: [held.fence], then: [{ type: 'put', key: `${p}turns`, value: bytes('') }] })
          holders--
          await held.release()
        }
        await Promise.all(clients.flatMap((client) => [turn(client), turn(client)]))
        expect(most).toBe(1)
        expect((await get('turns'))?.version).toBe(8)
      })

      test('the fence of a holder whose lease has ended refuses its late writes', async () => {
        const late = await tryLock(await subject.open(), `${p}lock`, {
          clock: { ...noSleep, monotonicMs: () => 0 },
          ttlMs: 2000,
        })
        const next = lock(store, `${p}lock`, { clock: subject.clock, ttlMs: 60_000 })
        await subject.pass(2000)
        const held = await next
        const write = (fence: Compare | undefined) =>
          store.txn({ compare: fence ? [fence] : [], then: [{ type: 'put', key: `${p}a`, value: bytes('') }] })
        expect((await write(late?.fence)).succeeded).toBe(false)
        expect((await write(held.fence)).succeeded).toBe(true)
        await held.release()
      })
    })

    describe('status', () => {
      test('names the store, the same for every client', async () => {
        const { storeId, revision, sizeBytes } = await store.status()
        expect(storeId).not.toBe('')
        expect(sizeBytes).toBeGreaterThan(0)
        expect(await (await subject.open()).status()).toMatchObject({ storeId, revision })
      })

      test('another store has another id', async () => {
        const another = await makeSubject()
        try {
          expect((await (await another.open()).status()).storeId).not.toBe((await store.status()).storeId)
        } finally {
          await another.destroy()
        }
      })

      test('an aborted call does nothing', async () => {
        const signal = AbortSignal.abort(new Error('too late'))
        await expect(
          store.txn({ then: [{ type: 'put', key: `${p}a`, value: bytes('') }] }, { signal }),
        ).rejects.toThrow('too late')
        await expect(store.get(`${p}a`, { signal })).rejects.toThrow('too late')
        expect(await get('a')).toBeNull()
      })
    })
  })
}

/** A holder that is paused: it never wakes to keep its lease alive. */
const noSleep = { now: () => 0, sleep: () => new Promise<void>(() => undefined) }

async function take1(watch: AsyncIterable<WatchBatch>): Promise<WatchEvent | undefined> {
  for await (const { events } of watch) if (events.length > 0) return events[0]
  return undefined
}

function bytes(value: string): Uint8Array {
  return new TextEncoder().encode(value)
}

function text(entry: Entry | null | undefined): string | null {
  return entry ? new TextDecoder().decode(entry.value) : null
}

function short(event: WatchEvent | undefined, prefix: string): string {
  if (event === undefined) return 'nothing'
  if (event.type === 'delete') return `delete ${event.key.slice(prefix.length)}`
  return `put ${event.entry.key.slice(prefix.length)} ${text(event.entry)}`
}

function revisionOf(event: WatchEvent): bigint {
  return event.type === 'put' ? event.entry.modRevision : event.modRevision
}

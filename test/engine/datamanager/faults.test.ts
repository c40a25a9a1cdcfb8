import { describe, expect, it } from 'vitest'
import { AgolaError } from '../../../src/engine/model/errors.ts'
import type { KeyValueStore, Txn } from '../../../src/engine/ports/key-value-store.ts'
import { chunksOf, contentOf, DataManagerWorld, exportOf, keysIn, put, textOf } from '../../support/a-data-manager.ts'
import { faultyKv, type TxnFault, watchedObjects, withoutKeepAlive } from '../../support/faulty-ports.ts'
import { Gate, gated } from '../../support/gated.ts'

/** Whatever store the world has at the moment of a call, as at an address where another server listens now. */
function currentKv(world: DataManagerWorld): KeyValueStore {
  return {
    get: (key, options) => world.kv.get(key, options),
    range: (query, options) => world.kv.range(query, options),
    txn: (request, options) => world.kv.txn(request, options),
    watch: (query, options) => world.kv.watch(query, options),
    lease: (ttlMs, options) => world.kv.lease(ttlMs, options),
    compact: (revision, options) => world.kv.compact(revision, options),
    status: (options) => world.kv.status(options),
    close: () => world.kv.close(),
  }
}

/** Lets simulated time pass until the work is done. */
async function inTime<T>(world: DataManagerWorld, work: Promise<T>): Promise<T> {
  let done = false
  const settled = work.finally(() => {
    done = true
  })
  settled.catch(() => undefined)
  for (let passed = 0; !done && passed < 2000; passed++) await world.clock.advance(50)
  return settled
}

describe('a data manager whose stores fail', () => {
  it.each<[string, TxnFault[]]>([
    ['before it took effect', ['unknownBefore', undefined]],
    ['after it took effect', ['unknownAfter', undefined]],
    ['several times', ['unknownBefore', 'unknownBefore', 'unknownAfter', 'unknownBefore', 'unknownAfter', undefined]],
  ])('finds out what became of a write whose answer was lost %s', async (_, faults) => {
    const world = new DataManagerWorld()
    const queue: TxnFault[] = []
    const manager = await world.open({ kv: faultyKv(world.kv.another(), () => queue.shift()) })
    const other = await world.open()
    const token = await manager.changeGroupToken(['g'])
    queue.push(...faults)
    const result = await inTime(world, manager.write([put('a', '1')], { changeGroups: token }))
    expect((await other.list('note')).map(({ id }) => id)).toEqual(['a'])
    expect((await world.kv.range({ prefix: 'datamanager/wals/' })).entries).toHaveLength(1)
    if (result.changeGroups === null) throw new Error('no token')
    await other.write([put('a', '2')], { changeGroups: result.changeGroups })
    expect(await textOf(manager, 'a')).toBe('2')
  })

  it('recognises its write after a cleaner has removed the wal', async () => {
    const world = new DataManagerWorld()
    const other = await world.open({ walsKept: 0 })
    let lost = true
    const kv = faultyKv(world.kv.another(), ({ then }) => {
      if (!lost || !then.some((op) => 'key' in op && op.key.startsWith('datamanager/wals/'))) return undefined
      lost = false
      return 'unknownAfter'
    })
    const manager = await world.open({ kv })
    const write = manager.write([put('a', '1')])
    await world.clock.advance(0)
    await other.checkpoint({ force: true })
    await other.clean()
    expect((await world.kv.range({ prefix: 'datamanager/wals/' })).entries).toEqual([])
    expect((await inTime(world, write)).walSequence).toBe(await other.lastWal())
    await other.close()
  })

  it('never says of a committed write that it was not made, whatever object storage does', async () => {
    const world = new DataManagerWorld()
    const objects = watchedObjects(world.objects, () => {
      throw new AgolaError('storeUnreachable', 'object storage is away')
    })
    const manager = await world.open({ objects })
    const write = manager.write([put('a', '1')], { durability: 'storage' })
    await expect(write).rejects.toMatchObject({ code: 'outcomeUnknown', message: expect.stringContaining('committed') })
    expect(await contentOf(manager)).toEqual({ 'note/a': '1' })
  })

  it('says that the outcome is unknown when the store stays silent', async () => {
    const world = new DataManagerWorld()
    let silent = false
    const manager = await world.open({ kv: faultyKv(world.kv.another(), () => (silent ? 'unknownBefore' : undefined)) })
    silent = true
    await expect(inTime(world, manager.write([put('a', '1')]))).rejects.toMatchObject({ code: 'outcomeUnknown' })
    silent = false
    await manager.write([put('b', '1')])
    expect(await contentOf(manager)).toEqual({ 'note/b': '1' })
  })

  it('keeps the data when the disk is full, and goes on when there is room', async () => {
    const world = new DataManagerWorld()
    let full = false
    const objects = watchedObjects(world.objects, () => {
      if (full) throw new AgolaError('diskFull', 'no space left')
    })
    const manager = await world.open({ objects })
    await manager.write([put('a', '1')])
    full = true
    await expect(manager.checkpoint({ force: true })).rejects.toMatchObject({ code: 'diskFull' })
    await expect(manager.write([put('large', 'x'.repeat(300_000))])).rejects.toMatchObject({ code: 'diskFull' })
    await manager.write([put('b', '2')])
    expect(await contentOf(manager)).toEqual({ 'note/a': '1', 'note/b': '2' })
    full = false
    expect(await manager.checkpoint({ force: true })).toBe(true)
    await manager.close()
  })
})

describe('a collector of orphans', () => {
  const hourMs = 60 * 60_000
  const large = 'x'.repeat(300_000)
  const isCommit = (request: Txn) => request.then.some((op) => 'key' in op && op.key === 'datamanager/walsdata')

  it('takes nothing from a large write that stood still for hours before its transaction', async () => {
    const world = new DataManagerWorld()
    const other = await world.open()
    await other.write([put('a', '1')])
    await other.checkpoint({ force: true })
    const before = new Gate(0)
    const kv = world.kv.another()
    const writer = await world.open({
      kv: {
        ...faultyKv(kv, () => undefined),
        async txn(request, options) {
          if (isCommit(request)) await before.pass()
          return kv.txn(request, options)
        },
      },
    })
    const write = writer.write([put('large', large)])
    expect(await before.isReachedBy(write)).toBe(true)
    await world.clock.advance(2 * hourMs)
    await other.clean({ orphans: true })
    expect(await keysIn(world, 'rundata/wals/data/')).toHaveLength(1)
    before.open()
    await write
    expect(await textOf(other, 'large')).toBe(large)
    expect(await other.checkpoint({ force: true })).toBe(true)
    expect(await contentOf(await world.open())).toEqual({ 'note/a': '1', 'note/large': large })
  })

  it('takes nothing from a large write that is committed at any moment of its work', async () => {
    for (let at = 0; ; at++) {
      const world = new DataManagerWorld()
      const [before, collecting] = [new Gate(0), new Gate(at)]
      const kv = world.kv.another()
      const txn: KeyValueStore['txn'] = async (request, options) => {
        if (isCommit(request)) await before.pass()
        return kv.txn(request, options)
      }
      const other = await world.open()
      await other.write([put('a', '1')])
      await other.checkpoint({ force: true })
      await other.close()
      const writer = await world.open({ kv: { ...faultyKv(kv, () => undefined), txn } })
      const write = writer.write([put('large', large)])
      expect(await before.isReachedBy(write)).toBe(true)
      await world.clock.advance(2 * hourMs)
      const collect = async () => {
        const stores = { kv: gated(world.kv.another(), collecting), objects: gated(world.objects, collecting) }
        await (await world.open(stores)).clean({ orphans: true })
      }
      const collection = collect()
      const isUnderWay = await collecting.isReachedBy(collection)
      before.open()
      await write
      collecting.open()
      await collection
      expect(await textOf(await world.open(), 'large'), `moment ${at}`).toBe(large)
      if (!isUnderWay) break
    }
  })
})

describe('a store that lost its key-value store', () => {
  async function storeWithWals(): Promise<DataManagerWorld> {
    const world = new DataManagerWorld()
    const manager = await world.open()
    for (let count = 0; count < 4; count++) {
      await manager.write([put(`n${count}`, 'x')])
      await manager.sync()
    }
    await manager.close()
    world.loseKv()
    await world.clock.advance(1000)
    return world
  }

  it('comes back from wals alone', async () => {
    const world = await storeWithWals()
    expect(Object.keys(await contentOf(await world.open()))).toEqual(['note/n0', 'note/n1', 'note/n2', 'note/n3'])
  })

  it('refuses to start when a wal in the middle is missing, naming it, and writes nothing', async () => {
    const world = await storeWithWals()
    const [, second, third] = await keysIn(world, 'rundata/wals/status/')
    if (second === undefined || third === undefined) throw new Error('too few wals')
    await world.objects.delete(second)
    const before = await keysIn(world, '')
    const { revision } = await world.kv.status()
    const name = (key: string) => /([0-9a-v-]{27})\.committed/.exec(key)?.[1] ?? ''
    await expect(world.open()).rejects.toMatchObject({
      code: 'storeUnusable',
      message: expect.stringContaining(name(second)),
    })
    await expect(world.open()).rejects.toMatchObject({ message: expect.stringContaining(name(third)) })
    expect(await keysIn(world, '')).toEqual(before)
    expect((await world.kv.status()).revision).toBe(revision)
  })

  it('says that there is no snapshot when wals are left that need one', async () => {
    const world = await storeWithWals()
    const [first] = await keysIn(world, 'rundata/wals/status/')
    await world.objects.delete(first ?? '')
    await expect(world.open()).rejects.toMatchObject({ code: 'noDataStatus' })
  })

  it('takes an older snapshot when files of the newest are missing, as long as the wals go back that far', async () => {
    const world = new DataManagerWorld()
    const manager = await world.open()
    await manager.write([put('a', '1')])
    await manager.checkpoint({ force: true })
    await manager.write([put('b', '2')])
    await manager.checkpoint({ force: true })
    const { files } = await manager.dataStatus()
    await manager.close()
    await world.objects.delete(`rundata/data/note/${files.get('note')?.[0]?.id}.data`)
    world.loseKv()
    expect(await contentOf(await world.open())).toEqual({ 'note/a': '1', 'note/b': '2' })
  })

  it('does not fall back behind an import', async () => {
    const world = new DataManagerWorld()
    const manager = await world.open()
    await manager.write([put('old', '1')])
    await manager.checkpoint({ force: true })
    await manager.import(chunksOf(await exportOf(manager)))
    const { files, dataSequence } = await manager.dataStatus()
    await manager.close()
    await world.objects.delete(`rundata/data/note/${files.get('note')?.[0]?.id}.data`)
    world.loseKv()
    await expect(world.open()).rejects.toMatchObject({
      code: 'storeUnusable',
      message: expect.stringContaining(dataSequence),
    })
  })

  it('starts a later epoch even when the clock was set back', async () => {
    const world = await storeWithWals()
    world.clock.jumpTo(Date.UTC(2001, 0, 1))
    const last = (await keysIn(world, 'rundata/wals/status/')).at(-1) ?? ''
    const manager = await world.open()
    expect(`rundata/wals/status/${await manager.lastWal()}` > last).toBe(true)
    await manager.write([put('a', '1')])
    expect(Object.keys(await contentOf(manager))).toHaveLength(5)
  })

  it('loses nothing when it is cleaned before the restored snapshot counts', async () => {
    const world = await storeWithWals()
    const objects = watchedObjects(world.objects, (key) => {
      if (key.startsWith('rundata/wals/')) throw new Error('crash')
    })
    await expect(world.open({ objects })).rejects.toThrow('crash')
    const manager = await world.open()
    await manager.clean()
    await manager.close()
    world.loseKv()
    expect(Object.keys(await contentOf(await world.open()))).toHaveLength(4)
  })

  it('shows a process that survived the loss what is there now, even when all numbers are the same again', async () => {
    const world = new DataManagerWorld()
    const survivor = await world.open({ kv: currentKv(world) })
    await survivor.write([put('a', 'lost')])
    expect(await contentOf(survivor)).toEqual({ 'note/a': 'lost' })
    const before = await survivor.lastWal()
    world.loseKv()
    const other = await world.open()
    await other.write([put('b', 'new')])
    expect(await other.lastWal()).toBe(before)
    expect(await contentOf(survivor)).toEqual({ 'note/b': 'new' })
    await survivor.write([put('c', 'new')])
    expect(await contentOf(other)).toEqual({ 'note/b': 'new', 'note/c': 'new' })
  })

  it('twice keeps what was written between, though two processes restored it at once', async () => {
    const world = new DataManagerWorld()
    const before = await world.open()
    await before.write([put('one', '1')])
    await before.sync()
    world.loseKv()
    const [first] = await Promise.all([world.open(), world.open()])
    await first.write([put('two', '2')], { durability: 'storage' })
    world.loseKv()
    await world.clock.advance(5000)
    expect(await contentOf(await world.open())).toEqual({ 'note/one': '1', 'note/two': '2' })
  })

  it('names the object that is damaged', async () => {
    const world = await storeWithWals()
    const [key = ''] = await keysIn(world, 'rundata/wals/data/')
    await world.objects.put(key, Buffer.from('{"ActionType":"put","Dat'))
    await expect(world.open()).rejects.toMatchObject({ code: 'storeUnusable', message: expect.stringContaining(key) })
  })
})

describe('an import', () => {
  const entry = (id: string, dataType = 'note') => JSON.stringify({ id, data_type: dataType, data: 'eA==' })
  const head = '{"agola_export":1}'

  it.each([
    ['is empty', '', /empty/],
    ['is cut off in a line', `${head}\n${entry('a')}\n{"id":"b","data_`, /line 3.*cut off/],
    ['is cut off between lines', `${head}\n${entry('a')}\n`, /cut off/],
    ['lacks an entry', `${head}\n${entry('a')}\n{"entries":2}\n`, /2 entries, of which 1/],
    ['goes on after its end', `${head}\n{"entries":0}\n${entry('a')}\n`, /line 3/],
    ['has ids that do not ascend', `${head}\n${entry('b')}\n${entry('a')}\n{"entries":2}\n`, /line 3.*ascend/],
    ['has an id twice', `${head}\n${entry('a')}\n${entry('a')}\n{"entries":2}\n`, /line 3/],
    [
      'has a type twice',
      `${head}\n${entry('a')}\n${entry('b', 'user')}\n${entry('c')}\n{"entries":3}\n`,
      /line 4.*second time/,
    ],
    ['has an unknown type', `${head}\n${entry('a', 'secret')}\n{"entries":1}\n`, /line 2.*secret/],
    ['is no export at all', 'PK\u0003\u0004 zip', /line 1.*JSON/],
    ['comes from a newer program', '{"agola_export":2}\n{"entries":0}\n', /newer program/],
    [
      'has an entry that is no base64',
      `${head}\n{"id":"a","data_type":"note","data":"eA==%"}\n{"entries":1}\n`,
      /line 2.*base64/,
    ],
    ['has an entry without a name', `${head}\n${entry('')}\n{"entries":1}\n`, /line 2.*1 to 1024 bytes/],
    ['has a name that is too long', `${head}\n${entry('a'.repeat(1025))}\n{"entries":1}\n`, /line 2.*1 to 1024 bytes/],
    ['has an entry without data', `${head}\n{"id":"a","data_type":"note"}\n{"entries":1}\n`, /line 2/],
  ])('that %s is refused with its line, and the old data stays', async (_, text, message) => {
    const world = new DataManagerWorld()
    const manager = await world.open()
    await manager.write([put('old', '1')])
    const error: unknown = await manager.import(chunksOf(text, 7)).catch((caught: unknown) => caught)
    expect(error).toMatchObject({ code: 'importInvalid', kind: 'badrequest', message: expect.stringMatching(message) })
    expect(await contentOf(manager)).toEqual({ 'note/old': '1' })
    await manager.write([put('new', '2')])
    await manager.sync()
    await manager.close()
    world.loseKv()
    expect(await contentOf(await world.open())).toEqual({ 'note/new': '2', 'note/old': '1' })
  })

  it('takes the export of an older program, which has entries only', async () => {
    const manager = await new DataManagerWorld().open()
    await manager.import(chunksOf(`${entry('a')}${entry('b')}\n${entry('a', 'user')}`))
    expect(Object.keys(await contentOf(manager))).toEqual(['note/a', 'note/b', 'user/a'])
    await manager.close()
  })

  it('fails when somebody writes meanwhile, and loses neither', async () => {
    const world = new DataManagerWorld()
    const [manager, other] = [await world.open(), await world.open()]
    await other.write([put('a', '1')])
    async function* slowly(): AsyncGenerator<Uint8Array> {
      yield Buffer.from(`${head}\n${entry('x')}\n`)
      await other.write([put('b', '2')])
      yield Buffer.from('{"entries":1}\n')
    }
    await expect(manager.import(slowly())).rejects.toMatchObject({ code: 'concurrentUpdate' })
    expect(await contentOf(manager)).toEqual({ 'note/a': '1', 'note/b': '2' })
    await other.write([put('c', '3')])
    await other.sync()
    await manager.close()
    world.loseKv()
    expect(Object.keys(await contentOf(await world.open()))).toEqual(['note/a', 'note/b', 'note/c'])
  })

  it('that lost its lead leaves alone what its successor has published', async () => {
    const world = new DataManagerWorld()
    const importer = await world.open({ kv: withoutKeepAlive(world.kv.another()) })
    const successor = await world.open()
    await importer.write([put('old', '1')])
    const begun = Promise.withResolvers<void>()
    const resumed = Promise.withResolvers<void>()
    async function* slowly(): AsyncGenerator<Uint8Array> {
      yield Buffer.from(`${head}\n${entry('a')}\n`)
      begun.resolve()
      await resumed.promise
      yield Buffer.from('{"entries":1}\n')
    }
    const importing = importer.import(slowly())
    await begun.promise
    await world.clock.advance(11_000)
    expect(await successor.checkpoint({ force: true })).toBe(true)
    resumed.resolve()
    await expect(importing).rejects.toMatchObject({ code: 'concurrentUpdate' })
    expect(await contentOf(await world.open())).toEqual({ 'note/old': '1' })
  })

  it('never says that it was not made once it has switched, whatever object storage does then', async () => {
    const world = new DataManagerWorld()
    let isAway = false
    const objects = watchedObjects(world.objects, (key) => {
      if (isAway && key.startsWith('rundata/wals/')) throw new AgolaError('storeUnreachable', 'object storage is away')
    })
    const manager = await world.open({ objects })
    await manager.write([put('old', '1')])
    async function* whole(): AsyncGenerator<Uint8Array> {
      yield Buffer.from(`${head}\n${entry('new')}\n{"entries":1}\n`)
      isAway = true
    }
    await expect(manager.import(whole())).rejects.toMatchObject({
      code: 'outcomeUnknown',
      message: expect.stringContaining('the import is done'),
    })
    expect(await contentOf(manager)).toEqual({ 'note/new': 'x' })
    isAway = false
    await manager.sync()
    await manager.close()
    world.loseKv()
    expect(await contentOf(await world.open())).toEqual({ 'note/new': 'x' })
  })

  it('of an export is that export again, byte for byte', async () => {
    const manager = await new DataManagerWorld().open({ fileBytesMax: 500 })
    await manager.write(Array.from({ length: 50 }, (_, at) => put(`ü ${at}`, `text ${at}`, at % 2 ? 'note' : 'user')))
    const exported = await exportOf(manager)
    const other = await new DataManagerWorld(3).open({ fileBytesMax: 700 })
    await other.import(chunksOf(exported, 37))
    expect(await exportOf(other)).toBe(exported)
    await other.import(chunksOf(exported))
    expect(await exportOf(other)).toBe(exported)
  })
})

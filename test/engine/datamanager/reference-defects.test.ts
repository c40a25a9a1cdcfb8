import { describe, expect, it } from 'vitest'
import { createContext } from '../../../src/engine/datamanager/context.ts'
import { Overlay } from '../../../src/engine/datamanager/overlay.ts'
import { sequenceOf } from '../../../src/engine/datamanager/sequence.ts'
import { Views } from '../../../src/engine/datamanager/view.ts'
import { Writer } from '../../../src/engine/datamanager/writer.ts'
import type { KeyValueStore } from '../../../src/engine/ports/key-value-store.ts'
import {
  chunksOf,
  contentOf,
  DataManagerWorld,
  exportOf,
  indexKeysOf,
  keysIn,
  put,
  remove,
  silentLog,
  textOf,
} from '../../support/a-data-manager.ts'
import { checkStores } from '../../support/data-manager-invariants.ts'
import { faultyKv, watchedObjects, withoutKeepAlive } from '../../support/faulty-ports.ts'
import { Gate } from '../../support/gated.ts'

/** Defects of the reference that concern this part (spec/storage.md 8), each shown to be absent. */
describe('reference defects', () => {
  it('D1: a checkpointer that was paused past its lead brings back no older value and loses no wal', async () => {
    const world = new DataManagerWorld()
    const reached = Promise.withResolvers<void>()
    const resumed = Promise.withResolvers<void>()
    const pausing = watchedObjects(world.objects, async (key) => {
      if (!key.endsWith('.status')) return
      reached.resolve()
      await resumed.promise
    })
    const paused = await world.open({ objects: pausing, kv: withoutKeepAlive(world.kv.another()) })
    const other = await world.open()
    for (let count = 1; count <= 10; count++) await other.write([put('a', `value ${count}`)])
    const late = paused.checkpoint({ force: true })
    await reached.promise
    await world.clock.advance(11_000)
    for (let count = 11; count <= 20; count++) await other.write([put('a', `value ${count}`)])
    expect(await other.checkpoint({ force: true })).toBe(true)
    const published = await other.dataStatus()
    resumed.resolve()
    expect(await late).toBe(false)
    expect(await other.dataStatus()).toEqual(published)
    await checkStores(world, 10_000_000)
    const fresh = await world.open()
    expect(await textOf(fresh, 'a')).toBe('value 20')
    await fresh.write([put('b', 'x')])
    await other.checkpoint({ force: true })
    await other.clean()
    world.loseKv()
    expect(await contentOf(await world.open())).toEqual({ 'note/a': 'value 20', 'note/b': 'x' })
  })

  it('D1: the fence alone stops it, when its successor published nothing, but took its files for orphans', async () => {
    const world = new DataManagerWorld()
    const other = await world.open()
    await other.write([put('a', '1')])
    await other.checkpoint({ force: true })
    await other.close()
    const publishing = new Gate(0)
    const kv = withoutKeepAlive(world.kv.another())
    const pausing: KeyValueStore = {
      ...kv,
      async txn(request, options) {
        if (request.then.some((op) => 'key' in op && op.key === 'datamanager/snapshot')) await publishing.pass()
        return kv.txn(request, options)
      },
    }
    const paused = await world.open({ kv: pausing })
    await paused.write([put('a', '2')])
    const late = paused.checkpoint({ force: true })
    expect(await publishing.isReachedBy(late)).toBe(true)
    await world.clock.advance(2 * 60 * 60_000)
    await other.clean({ orphans: true })
    publishing.open()
    expect(await late).toBe(false)
    expect(await contentOf(await world.open())).toEqual({ 'note/a': '2' })
    expect(await other.checkpoint({ force: true })).toBe(true)
    await checkStores(world, 10_000_000)
  })

  it('D1: the pointer alone stops it, even if it still led', async () => {
    const world = new DataManagerWorld()
    const reached = Promise.withResolvers<void>()
    const resumed = Promise.withResolvers<void>()
    const pausing = watchedObjects(world.objects, async (key) => {
      if (!key.endsWith('.status')) return
      reached.resolve()
      await resumed.promise
    })
    // Two stores of leaders that do not see each other, as if the lease had failed altogether.
    const blind = faultlessLead(world.kv.another())
    const paused = await world.open({ objects: pausing, kv: blind })
    const other = await world.open()
    await other.write([put('a', '1')])
    const late = paused.checkpoint({ force: true })
    await reached.promise
    await other.write([put('a', '2')])
    await other.checkpoint({ force: true })
    resumed.resolve()
    expect(await late).toBe(false)
    world.loseKv()
    expect(await contentOf(await world.open())).toEqual({ 'note/a': '2' })
  })

  it('D2: a deleted entry is gone at once, though the snapshot still has it', async () => {
    const manager = await new DataManagerWorld().open()
    await manager.write([put('a', 'red'), put('b', 'red')])
    await manager.checkpoint({ force: true })
    await manager.write([remove('a')])
    expect(await textOf(manager, 'a')).toBe(null)
    expect(await contentOf(manager)).toEqual({ 'note/b': 'red' })
    expect(await indexKeysOf(manager)).toEqual(['red/b'])
  })

  it('D3: what was remembered of a wal goes with it, deletes too', () => {
    const overlay = new Overlay(silentLog)
    overlay.apply(sequenceOf(1, 1), [put('a', '1'), remove('b')])
    overlay.apply(sequenceOf(1, 2), [remove('a'), put('c', '1')])
    overlay.dropUpTo(sequenceOf(1, 1))
    expect([...overlay.ids('note')]).toEqual(['a', 'c'])
    overlay.dropUpTo(sequenceOf(1, 2))
    expect(overlay.ids('note').size).toBe(0)
  })

  it('D3: a process that alone writes does not keep all that it ever wrote', async () => {
    const world = new DataManagerWorld()
    const context = createContext(world.options({ kv: world.kv }))
    const manager = await world.open()
    const views = new Views(context)
    const writer = new Writer(context, views)
    await views.current({})
    for (let count = 0; count < 250; count++) {
      await writer.write([put(`n${count}`, 'x')], {})
      if (count % 50 === 49) await manager.checkpoint({ force: true })
      await views.current({})
    }
    expect((await views.current({})).overlay.ids('note').size).toBeLessThan(110)
    expect(Object.keys(await contentOf(manager))).toHaveLength(250)
    await manager.close()
  })

  it('D4: a reader that has to start again keeps nothing of what it knew', async () => {
    const world = new DataManagerWorld()
    const [reader, writer] = [await world.open(), await world.open()]
    await writer.write([put('old', 'x')])
    expect(await textOf(reader, 'old')).toBe('x')
    const empty = await exportOf(await new DataManagerWorld().open())
    await writer.import(chunksOf(empty))
    expect(await contentOf(reader)).toEqual({})
    await writer.write([put('new', 'y')])
    expect(await contentOf(reader)).toEqual({ 'note/new': 'y' })
    await writer.close()
  })

  it('D5: data that was stored for a write that failed is removed after an hour', async () => {
    const world = new DataManagerWorld()
    const manager = await world.open()
    await manager.write([put('a', '1')])
    const token = await manager.changeGroupToken(['g'])
    await manager.write([put('b', '1')], { changeGroups: token })
    const large = put('a', 'x'.repeat(300_000))
    await expect(manager.write([large], { changeGroups: token })).rejects.toMatchObject({ code: 'changeGroupUpdated' })
    await manager.checkpoint({ force: true })
    await manager.clean({ orphans: true })
    expect(await keysIn(world, 'rundata/wals/data/')).toHaveLength(3)
    await world.clock.advance(2 * 3_600_000)
    await manager.clean({ orphans: true })
    expect(await keysIn(world, 'rundata/wals/data/')).toHaveLength(2)
    expect(await contentOf(manager)).toEqual({ 'note/a': '1', 'note/b': '1' })
    await manager.close()
  })

  it('D6: a reader applies every wal that it has not seen, whatever has become of it', async () => {
    const world = new DataManagerWorld()
    const [reader, writer] = [await world.open(), await world.open()]
    await writer.write([put('a', '0')])
    expect(await textOf(reader, 'a')).toBe('0')
    await writer.write([put('b', 'checkpointed')])
    await writer.checkpoint({ force: true })
    await writer.write([put('c', 'stored')])
    await writer.sync()
    await writer.write([put('d', 'committed')])
    expect(Object.keys(await contentOf(reader))).toEqual(['note/a', 'note/b', 'note/c', 'note/d'])
    await writer.close()
  })

  it('D8: applying a wal twice changes nothing, in whatever order own writes and others come', async () => {
    const world = new DataManagerWorld()
    const [one, two] = [await world.open(), await world.open()]
    await contentOf(one)
    const reads: Promise<unknown>[] = []
    for (let round = 0; round < 10; round++) {
      reads.push(
        one.write([put('a', `one ${round}`)]),
        two.write([put('b', `two ${round}`)]),
        contentOf(one),
        contentOf(two),
      )
    }
    for (let passed = 0; passed < 50; passed++) await world.clock.advance(10)
    await Promise.all(reads)
    expect(await contentOf(one)).toEqual({ 'note/a': 'one 9', 'note/b': 'two 9' })
    expect(await contentOf(two)).toEqual(await contentOf(await world.open()))
  })

  it('D10: an import over a store with data is the import into an empty one, also after the key-value store was lost', async () => {
    const source = await new DataManagerWorld(2).open()
    await source.write([put('a', 'imported'), put('z', 'imported', 'user')])
    const exported = await exportOf(source)
    const world = new DataManagerWorld()
    const manager = await world.open()
    await manager.write([put('a', 'old'), put('b', 'old')])
    await manager.checkpoint({ force: true })
    await manager.write([put('c', 'old'), put('z', 'old', 'user')])
    await manager.sync()
    await manager.write([put('d', 'old and never synced')])
    await manager.import(chunksOf(exported))
    expect(await exportOf(manager)).toBe(exported)
    await manager.write([put('e', 'written after')])
    await manager.sync()
    await manager.close()
    world.loseKv()
    const restored = await world.open()
    expect(await contentOf(restored)).toEqual({
      'note/a': 'imported',
      'note/e': 'written after',
      'user/z': 'imported',
    })
    await restored.close()
  })

  it('D11: all processes that start at once after a loss are ready, and find the same', async () => {
    const world = new DataManagerWorld()
    const manager = await world.open()
    await manager.write([put('a', '1')])
    await manager.sync()
    world.loseKv()
    const openAndRead = async () => {
      const one = await world.open()
      // At once, while the others may still be at it.
      expect(await contentOf(one)).toEqual({ 'note/a': '1' })
      return one
    }
    const opened = await Promise.all([openAndRead(), openAndRead(), openAndRead()])
    await opened[2]?.write([put('b', '2')])
    for (const one of opened) expect(await textOf(one, 'b')).toBe('2')
    await checkStores(world, 10_000_000)
  })

  it('D18: a writer that loses a race pauses before it tries again', async () => {
    const world = new DataManagerWorld()
    const other = await world.open()
    let races = 3
    const kv = world.kv.another()
    const losing: KeyValueStore = {
      ...faultyKv(kv, () => undefined),
      async txn(request, options) {
        if (races > 0 && request.then.some((op) => 'key' in op && op.key === 'datamanager/walsdata')) {
          races--
          await other.write([put('b', String(races))])
        }
        return kv.txn(request, options)
      },
    }
    const manager = await world.open({ kv: losing })
    const write = manager.write([put('a', '1')])
    await world.clock.advance(0)
    expect(world.clock.nextWakeMs()).toBeDefined()
    for (let passed = 0; passed < 20; passed++) await world.clock.advance(10)
    await write
    expect(await contentOf(manager)).toEqual({ 'note/a': '1', 'note/b': '0' })
  })
})

/** Every lead is granted, and every fence holds. */
function faultlessLead(kv: KeyValueStore): KeyValueStore {
  const renamed = (key: string): string => (key === 'datamanager/leader' ? 'datamanager/leader-of-the-blind' : key)
  return {
    ...faultyKv(kv, () => undefined),
    txn: ({ compare = [], then, ...rest }, options) =>
      kv.txn(
        {
          ...rest,
          compare: compare.map((one) => ({ ...one, key: renamed(one.key) })),
          then: then.map((op) => ('key' in op ? { ...op, key: renamed(op.key) } : op)),
        },
        options,
      ),
  }
}

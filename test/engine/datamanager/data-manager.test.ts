import { describe, expect, it } from 'vitest'
import { hasCode } from '../../../src/engine/model/errors.ts'
import type { ObjectStorage } from '../../../src/engine/ports/object-storage.ts'
import {
  contentOf,
  DataManagerWorld,
  exportOf,
  indexKeysOf,
  keysIn,
  put,
  remove,
  textOf,
} from '../../support/a-data-manager.ts'
import { watchedObjects } from '../../support/faulty-ports.ts'

describe('a data manager', () => {
  it('gives back at once what was written, and to every other process too', async () => {
    const world = new DataManagerWorld()
    const one = await world.open()
    const other = await world.open()
    await one.write([put('a', 'first'), put('b', 'second')])
    expect(await textOf(one, 'a')).toBe('first')
    expect(await textOf(other, 'b')).toBe('second')
    await other.write([put('a', 'changed'), remove('b')])
    expect(await contentOf(one)).toEqual({ 'note/a': 'changed' })
    await expect(one.get('note', 'b')).rejects.toMatchObject({ code: 'dataDoesNotExist' })
  })

  it('costs a new store one transaction and no object', async () => {
    const world = new DataManagerWorld()
    const { revision } = await world.kv.status()
    await world.open()
    expect((await world.kv.status()).revision).toBe(revision + 1n)
    expect(await keysIn(world, '')).toEqual([])
    await world.open()
    expect((await world.kv.status()).revision).toBe(revision + 1n)
  })

  it('puts writes that come together into one wal', async () => {
    const world = new DataManagerWorld()
    const manager = await world.open()
    const before = (await world.kv.status()).revision
    await Promise.all(Array.from({ length: 40 }, (_, index) => manager.write([put(`n${index}`, 'x')])))
    expect((await world.kv.status()).revision - before).toBe(1n)
    expect(Object.keys(await contentOf(manager))).toHaveLength(40)
  })

  it('keeps large actions out of the key-value store', async () => {
    const world = new DataManagerWorld()
    const manager = await world.open()
    const large = 'x'.repeat(400_000)
    await manager.write([put('large', large), put('small', 'y')])
    expect((await world.kv.status()).sizeBytes).toBeLessThan(10_000)
    expect(await keysIn(world, 'rundata/wals/data/')).toHaveLength(1)
    expect(await textOf(await world.open(), 'large')).toBe(large)
    await manager.checkpoint({ force: true })
    expect(await textOf(await world.open(), 'large')).toBe(large)
  })

  it('answers a write of storage durability when object storage has it', async () => {
    const world = new DataManagerWorld()
    const manager = await world.open()
    await manager.write([put('a', 'kept')], { durability: 'storage' })
    world.loseKv()
    expect(await contentOf(await world.open())).toEqual({ 'note/a': 'kept' })
  })

  it('lists in byte order, in both directions, page by page, over snapshot and fresh writes', async () => {
    const world = new DataManagerWorld()
    const manager = await world.open({ fileBytesMax: 300 })
    const ids = Array.from({ length: 30 }, (_, index) => `id-${String(index).padStart(2, '0')}`)
    await manager.write(ids.map((id) => put(id, `word text ${id}`)))
    await manager.checkpoint({ force: true })
    await manager.write([remove('id-05'), put('id-07', 'new'), put('id-07b', 'new'), remove('never')])
    const expected = [...ids.filter((id) => id !== 'id-05'), 'id-07b'].sort()
    for (const descending of [false, true]) {
      const order = descending ? expected.toReversed() : expected
      const listed: string[] = []
      for (;;) {
        const after = listed.at(-1)
        const page = await manager.list('note', { limit: 4, descending, ...(after === undefined ? {} : { after }) })
        listed.push(...page.map(({ id }) => id))
        if (page.length < 4) break
      }
      expect(listed).toEqual(order)
    }
    expect((await manager.list('note', { prefix: 'id-07' })).map(({ id }) => id)).toEqual(['id-07', 'id-07b'])
    expect((await manager.list('note', { prefix: 'id-1', descending: true, limit: 2 })).map(({ id }) => id)).toEqual([
      'id-19',
      'id-18',
    ])
    expect(await manager.list('user')).toEqual([])
  })

  it('lists an index by its own keys, with old keys gone as soon as an entry changes', async () => {
    const world = new DataManagerWorld()
    const manager = await world.open()
    await manager.write([put('1', 'red x'), put('2', 'blue x'), put('3', 'red y')])
    expect(await indexKeysOf(manager)).toEqual(['blue/2', 'red/1', 'red/3'])
    await manager.checkpoint({ force: true })
    expect(await indexKeysOf(manager)).toEqual(['blue/2', 'red/1', 'red/3'])
    await manager.write([put('1', 'green x'), remove('3'), put('4', 'red z')])
    expect(await indexKeysOf(manager)).toEqual(['blue/2', 'green/1', 'red/4'])
    await manager.checkpoint({ force: true })
    expect(await manager.listIndex('note-by-word', { prefix: 'red/' })).toEqual([
      { id: 'red/4', owner: '4', data: Buffer.from('red of 4') },
    ])
    expect(await indexKeysOf(manager)).toEqual(['blue/2', 'green/1', 'red/4'])
  })

  it('reads no more of an index than it lists, wherever the list lies in it', async () => {
    const world = new DataManagerWorld()
    const writer = await world.open({ fileBytesMax: 1000 })
    const words = ['blue', 'green', 'red']
    await writer.write(Array.from({ length: 300 }, (_, at) => put(String(at).padStart(3, '0'), `${words[at % 3]} x`)))
    await writer.checkpoint({ force: true })
    await writer.close()
    for (const word of words) {
      for (const descending of [false, true]) {
        const read: string[] = []
        const reader = await world.open({ objects: countingObjects(world.objects, read) })
        const listed = await reader.listIndex('note-by-word', { prefix: `${word}/`, limit: 3, descending })
        expect(listed.map(({ id }) => id.split('/')[0])).toEqual([word, word, word])
        expect(read.filter((key) => key.endsWith('.index')).length).toBeLessThanOrEqual(2)
        expect(read.filter((key) => key.endsWith('.data')).length).toBeLessThanOrEqual(2)
      }
    }
  })

  it('makes an index anew when its version or its existence has changed', async () => {
    const world = new DataManagerWorld()
    const plain = await world.open({ dataTypes: [{ name: 'note' }, { name: 'user' }] })
    await plain.write([put('1', 'red'), put('2', 'blue')])
    await plain.checkpoint({ force: true })
    await plain.close()
    const indexed = await world.open()
    await indexed.write([put('u', 'x', 'user')])
    await indexed.checkpoint({ force: true })
    expect(await indexKeysOf(indexed)).toEqual(['blue/2', 'red/1'])
    await indexed.close()
    const entriesOf = (id: string) => [{ key: `new/${id}`, data: Buffer.from('') }]
    const changed = { name: 'note', indexes: [{ name: 'note-by-word', version: 2, entriesOf }] }
    const newer = await world.open({ dataTypes: [changed, { name: 'user' }] })
    await newer.write([put('3', 'x')])
    await newer.checkpoint({ force: true })
    expect(await indexKeysOf(newer)).toEqual(['new/1', 'new/2', 'new/3'])
  })

  it('says that there is no snapshot before the first one', async () => {
    const manager = await new DataManagerWorld().open()
    await expect(manager.dataStatus()).rejects.toMatchObject({ code: 'noDataStatus' })
    await manager.write([put('a', 'x')])
    await manager.checkpoint({ force: true })
    expect((await manager.dataStatus()).files.get('note')).toHaveLength(1)
  })

  it('makes a snapshot once enough was written, and none when nothing was', async () => {
    const world = new DataManagerWorld()
    const manager = await world.open({ checkpointWalsMin: 3 })
    expect(await manager.checkpoint({ force: true })).toBe(false)
    await manager.write([put('a', '1')])
    await manager.write([put('a', '2')])
    expect(await manager.checkpoint()).toBe(false)
    await manager.write([put('a', '3')])
    expect(await manager.checkpoint()).toBe(true)
    expect(await manager.checkpoint({ force: true })).toBe(false)
  })

  describe('change groups', () => {
    it('let exactly one of two writes with the same token win, in one process or in two', async () => {
      const world = new DataManagerWorld()
      const managers = [await world.open(), await world.open()]
      for (const [first, second] of [
        [0, 0],
        [0, 1],
      ] as const) {
        const token = await managers[0]?.changeGroupToken(['users/peter'])
        if (token === undefined) throw new Error('no token')
        const writes = [first, second].map((at) => managers[at]?.write([put('u', `by ${at}`)], { changeGroups: token }))
        const results = await Promise.allSettled(writes)
        expect(results.map(({ status }) => status).sort()).toEqual(['fulfilled', 'rejected'])
        const lost = results.find((result) => result.status === 'rejected')
        expect(hasCode(lost?.reason, 'changeGroupUpdated')).toBe(true)
      }
    })

    it('let writes with different groups all succeed, however many there are at once', async () => {
      const world = new DataManagerWorld()
      const managers = [await world.open(), await world.open(), await world.open()]
      const writes = managers.flatMap((manager, at) =>
        Array.from({ length: 20 }, async (_, index) => {
          const changeGroups = await manager.changeGroupToken([`group ${at}-${index}`])
          return manager.write([put(`${at}-${index}`, 'x')], { changeGroups })
        }),
      )
      for (let passed = 0; passed < 100; passed++) await world.clock.advance(10)
      await Promise.all(writes)
      expect(Object.keys(await contentOf(await world.open()))).toHaveLength(60)
    })

    it('give a token with which the next write goes on', async () => {
      const manager = await new DataManagerWorld().open()
      const token = await manager.changeGroupToken(['a', 'b'])
      const { changeGroups } = await manager.write([put('x', '1')], { changeGroups: token })
      if (changeGroups === null) throw new Error('no token')
      await manager.write([put('x', '2')], { changeGroups })
      await expect(manager.write([put('x', '3')], { changeGroups: token })).rejects.toMatchObject({
        code: 'changeGroupUpdated',
      })
      expect(await textOf(manager, 'x')).toBe('2')
    })

    it('are worthless in another store', async () => {
      const world = new DataManagerWorld()
      const token = await (await world.open()).changeGroupToken(['a'])
      world.loseKv()
      const manager = await world.open()
      await expect(manager.write([put('x', '1')], { changeGroups: token })).rejects.toMatchObject({
        code: 'changeGroupUpdated',
      })
    })
  })

  it('changes other keys of the store in the same transaction, or nothing', async () => {
    const world = new DataManagerWorld()
    const manager = await world.open()
    const ops = [{ type: 'put' as const, key: 'runs/1', value: Buffer.from('archived') }]
    const absent = [{ key: 'runs/1', target: 'version' as const, operator: '=' as const, value: 0 }]
    await manager.write([put('r', '1')], { ops, compare: absent })
    await expect(manager.write([put('r', '2')], { ops, compare: absent })).rejects.toMatchObject({
      code: 'concurrentUpdate',
    })
    expect((await world.kv.get('runs/1')).entry?.version).toBe(1)
    expect(await textOf(manager, 'r')).toBe('1')
  })

  it('gives up a write that was aborted while it waited', async () => {
    const manager = await new DataManagerWorld().open()
    const controller = new AbortController()
    const first = manager.write([put('a', 'x'.repeat(300_000))])
    const second = manager.write([put('b', '1')], { signal: controller.signal })
    controller.abort(new Error('not any more'))
    await expect(second).rejects.toThrow('not any more')
    await first
    expect(await textOf(manager, 'b')).toBe(null)
  })

  it('refuses empty writes, unknown types and ids that cannot be stored', async () => {
    const manager = await new DataManagerWorld().open()
    await expect(manager.write([])).rejects.toMatchObject({ code: 'assertionFailed' })
    await expect(manager.write([put('a', 'x', 'nothing')])).rejects.toMatchObject({ code: 'assertionFailed' })
    await expect(manager.write([put('', 'x')])).rejects.toMatchObject({ code: 'keyInvalid' })
    await expect(manager.write([put('\ud800', 'x')])).rejects.toMatchObject({ code: 'keyInvalid' })
  })

  it('works for a process that lives long: syncs, makes snapshots, cleans, one leader at a time', async () => {
    const world = new DataManagerWorld()
    const options = { checkpointWalsMin: 2, walsKept: 1 }
    const [leader, other] = [await world.open(options), await world.open(options)]
    for (const text of ['1', '2', '3']) await other.write([put('a', text)])
    await leader.maintenance.step()
    await other.maintenance.step()
    const { walSequence } = await other.dataStatus()
    expect(walSequence).toBe(await other.lastWal())
    expect((await world.kv.range({ prefix: 'datamanager/wals/' })).entries).toHaveLength(1)
    const quiet = (await world.kv.status()).revision
    await leader.maintenance.step()
    await other.maintenance.step()
    expect((await world.kv.status()).revision).toBe(quiet)
    await leader.close()
    await other.write([put('b', '4')])
    await other.write([put('b', '5')])
    await other.maintenance.step()
    expect((await leader.dataStatus()).walSequence).toBe(await leader.lastWal())
    expect(await contentOf(leader)).toEqual({ 'note/a': '3', 'note/b': '5' })
    await other.close()
  })

  it('reads on when a cleaner removes the snapshot that it knew', async () => {
    const world = new DataManagerWorld()
    const [writer, reader] = [await world.open({ walsKept: 0 }), await world.open()]
    await writer.write([put('a', '0'), put('b', 'b')])
    await writer.checkpoint({ force: true })
    expect(await textOf(reader, 'b')).toBe('b')
    for (let round = 1; round <= 5; round++) {
      await writer.write([put('a', String(round))])
      await writer.checkpoint({ force: true })
      await writer.clean()
    }
    expect(await keysIn(world, 'rundata/data/note/')).toHaveLength(6)
    expect(await contentOf(reader)).toEqual({ 'note/a': '5', 'note/b': 'b' })
  })

  it('exports from the newest snapshot, though the one it read from last was cleaned away', async () => {
    const world = new DataManagerWorld()
    const manager = await world.open()
    await manager.write([put('first', 'x')])
    await manager.checkpoint({ force: true })
    await manager.close()
    const later = await world.open()
    expect(await textOf(later, 'first')).toBe('x')
    for (let count = 0; count < 6; count++) {
      await later.write([put(`n${count}`, 'x')])
      await later.checkpoint({ force: true })
      await later.clean()
    }
    expect((await exportOf(later)).trimEnd().split('\n')).toHaveLength(9)
    await later.close()
  })

  it('exports what there is, whoever leads', async () => {
    const world = new DataManagerWorld()
    const [leader, other] = [await world.open(), await world.open()]
    await leader.write([put('b', '2'), put('u', 'x', 'user')])
    await leader.checkpoint({ force: true })
    await leader.write([put('a', '1')])
    const lines = (await exportOf(other)).trimEnd().split('\n')
    expect(lines.map((line) => JSON.parse(line))).toEqual([
      { agola_export: 1 },
      { id: 'a', data_type: 'note', data: Buffer.from('1').toString('base64') },
      { id: 'b', data_type: 'note', data: Buffer.from('2').toString('base64') },
      { id: 'u', data_type: 'user', data: Buffer.from('x').toString('base64') },
      { entries: 3 },
    ])
    expect((await world.kv.range({ prefix: 'datamanager/pins/' })).entries).toEqual([])
    await leader.close()
  })
})

function countingObjects(objects: ObjectStorage, read: string[]): ObjectStorage {
  return {
    ...watchedObjects(objects, () => undefined),
    get: (key, options) => {
      read.push(key)
      return objects.get(key, options)
    },
  }
}

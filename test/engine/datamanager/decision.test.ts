import { describe, expect, it } from 'vitest'
import type { Action } from '../../../src/engine/datamanager/action.ts'
import type { DataManager } from '../../../src/engine/datamanager/data-manager.ts'
import type { DataType } from '../../../src/engine/datamanager/data-type.ts'
import type { DecisionReader } from '../../../src/engine/datamanager/decision.ts'
import { DataManagerWorld } from '../../support/a-data-manager.ts'

/** Groups with names of their own below a parent, as a store of users, groups and projects has them. */
interface Group {
  name: string
  parent: string
}

const decode = (data: Uint8Array): Group => JSON.parse(Buffer.from(data).toString())
const dataTypes: DataType[] = [
  {
    name: 'group',
    indexes: [
      {
        name: 'by-name',
        version: 1,
        entriesOf: (id, data) => [{ key: `${decode(data).name}/${id}`, data: new Uint8Array() }],
      },
      {
        name: 'by-parent',
        version: 1,
        entriesOf: (id, data) => [{ key: `${decode(data).parent}/${id}`, data: new Uint8Array() }],
      },
    ],
  },
]

function putGroup(id: string, group: Group): Action {
  return { type: 'put', dataType: 'group', id, data: Buffer.from(JSON.stringify(group)) }
}

/** What somebody else does at a moment of a decision, the first time that it comes there. */
type Meanwhile = (moment: string) => Promise<unknown>
const nothing: Meanwhile = async () => undefined

/** Creates or renames; the name must be free, the parent must be there. */
function save(
  data: DataManager,
  id: string,
  group: Group,
  meanwhile = nothing,
): Promise<'saved' | 'taken' | 'no parent'> {
  return data.update(async (reader: DecisionReader) => {
    await meanwhile('begin')
    await reader.find('group', id)
    await meanwhile('read')
    const isTaken = (await reader.named('by-name', group.name)).some(({ owner }) => owner !== id)
    await meanwhile('named')
    if (isTaken) return { actions: [], result: 'taken' }
    if (group.parent !== '' && (await reader.find('group', group.parent)) === null)
      return { actions: [], result: 'no parent' }
    await meanwhile('end')
    return { actions: [putGroup(id, group)], result: 'saved' }
  })
}

/** Deletes a group with what is below it. */
function removeTree(data: DataManager, id: string, meanwhile = nothing): Promise<void> {
  return data.update(async (reader) => {
    await meanwhile('begin')
    const children = await reader.named('by-parent', id)
    await meanwhile('named')
    const ids = [id, ...children.map(({ owner }) => owner)]
    for (const each of ids) await reader.find('group', each)
    await meanwhile('end')
    return { actions: ids.map((each) => ({ type: 'delete', dataType: 'group', id: each })), result: undefined }
  })
}

/** Passes the time that retries wait for. */
async function whilePassing<T>(world: DataManagerWorld, work: Promise<T>): Promise<T> {
  let isDone = false
  const done = work.finally(() => {
    isDone = true
  })
  done.catch(() => undefined)
  while (!isDone) await world.clock.advance(25)
  return await done
}

function once(moment: string, work: () => Promise<unknown>): Meanwhile {
  let isDone = false
  return async (now) => {
    if (now !== moment || isDone) return
    isDone = true
    await work()
  }
}

/** Somebody else comes between a read of the data manager and the one who asked for it. */
function afterRead(data: DataManager, meanwhile: Meanwhile): void {
  const [find, listIndex] = [data.find.bind(data), data.listIndex.bind(data)]
  data.find = async (...given) => {
    const found = await find(...given)
    await meanwhile(`found ${given[1]}`)
    return found
  }
  data.listIndex = async (...given) => {
    const entries = await listIndex(...given)
    await meanwhile('listed')
    return entries
  }
}

async function two() {
  const world = new DataManagerWorld()
  const [mine, theirs] = [await world.open({ dataTypes }), await world.open({ dataTypes })]
  return { world, mine, theirs }
}

const names = async (data: DataManager) =>
  (await data.list('group')).map(({ id, data: bytes }) => `${id}: ${decode(bytes).name}`)

describe('a decision', () => {
  it.each(['begin', 'found a', 'read', 'listed', 'named', 'end'])(
    'D13: lets a rename and a creation not both have one name (other comes at %s)',
    async (moment) => {
      const { world, mine, theirs } = await two()
      await save(mine, 'a', { name: 'old', parent: '' })
      const meanwhile = once(moment, () => save(theirs, 'b', { name: 'new', parent: '' }))
      afterRead(mine, meanwhile)
      expect(await whilePassing(world, save(mine, 'a', { name: 'new', parent: '' }, meanwhile))).toBe('taken')
      expect(await names(mine)).toEqual(['a: old', 'b: new'])
    },
  )

  it.each(['begin', 'listed', 'named', 'found top', 'end'])(
    'D16: leaves nothing below what is deleted (a child comes at %s)',
    async (moment) => {
      const { world, mine, theirs } = await two()
      await save(mine, 'top', { name: 'top', parent: '' })
      const meanwhile = once(moment, () => save(theirs, 'child', { name: 'child', parent: 'top' }))
      afterRead(mine, meanwhile)
      await whilePassing(world, removeTree(mine, 'top', meanwhile))
      expect(await names(theirs)).toEqual([])
    },
  )

  it.each(['begin', 'found child', 'read', 'listed', 'named', 'found top', 'end'])(
    'D16: puts nothing below what is deleted meanwhile (at %s)',
    async (moment) => {
      const { world, mine, theirs } = await two()
      await save(mine, 'top', { name: 'top', parent: '' })
      const meanwhile = once(moment, () => removeTree(theirs, 'top'))
      afterRead(mine, meanwhile)
      const child = save(mine, 'child', { name: 'child', parent: 'top' }, meanwhile)
      expect(await whilePassing(world, child)).toBe('no parent')
      expect(await names(theirs)).toEqual([])
    },
  )

  it('has to read what it changes', async () => {
    const { mine } = await two()
    const blind = mine.update(async () => ({ actions: [putGroup('a', { name: 'a', parent: '' })], result: null }))
    await expect(blind).rejects.toMatchObject({ code: 'assertionFailed' })
    expect(await names(mine)).toEqual([])
  })

  it('that nobody disturbs is made once, and several that have nothing in common go side by side', async () => {
    const { world, mine, theirs } = await two()
    await save(mine, 'x', { name: 'x', parent: '' })
    await save(mine, 'y', { name: 'y', parent: '' })
    let made = 0
    const count: Meanwhile = async (moment) => {
      if (moment === 'begin') made++
    }
    const both = [
      save(mine, 'a', { name: 'one', parent: 'x' }, count),
      save(theirs, 'b', { name: 'two', parent: 'y' }, count),
    ]
    await whilePassing(world, Promise.all(both))
    expect(made).toBe(2)
    expect(await names(mine)).toEqual(['a: one', 'b: two', 'x: x', 'y: y'])
  })

  it('gives up when others are always faster', async () => {
    const { world, mine, theirs } = await two()
    await save(mine, 'a', { name: 'a', parent: '' })
    let turn = 0
    const always: Meanwhile = (moment) =>
      moment === 'end' ? save(theirs, 'a', { name: `turn ${turn++}`, parent: '' }) : Promise.resolve()
    await expect(whilePassing(world, save(mine, 'a', { name: 'mine', parent: '' }, always))).rejects.toMatchObject({
      code: 'concurrentUpdate',
    })
  })
})

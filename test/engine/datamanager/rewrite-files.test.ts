import { beforeEach, describe, expect, it } from 'vitest'
import { MemoryObjectStorage } from '../../../src/engine/adapters/objects/memory.ts'
import type { StoredEntry } from '../../../src/engine/datamanager/data-file.ts'
import type { DataFile, DataStatus } from '../../../src/engine/datamanager/data-status.ts'
import { FileStore } from '../../../src/engine/datamanager/file-store.ts'
import { ObjectKeys } from '../../../src/engine/datamanager/keys.ts'
import { type Change, rewriteFiles } from '../../../src/engine/datamanager/rewrite-files.ts'
import { sequenceOf } from '../../../src/engine/datamanager/sequence.ts'
import { Snapshot } from '../../../src/engine/datamanager/snapshot.ts'
import { SeededRandom } from '../../support/seeded-random.ts'
import { SimClock } from '../../support/sim-clock.ts'

const fileBytesMax = 4000
const idOf = (number: number) => `n${String(number).padStart(4, '0')}`
const entryOf = (number: number, size = 100): StoredEntry => ({
  id: idOf(number),
  data: Buffer.alloc(size, 'x'),
  owner: '',
})
const puts = (numbers: readonly number[], size?: number): Change[] =>
  numbers.map((number) => ({ id: idOf(number), entry: entryOf(number, size) }))
const deletes = (numbers: readonly number[]): Change[] => numbers.map((number) => ({ id: idOf(number), entry: null }))
const range = (from: number, to: number) => Array.from({ length: to - from }, (_, at) => from + at)

describe('rewriting data files', () => {
  let objects: MemoryObjectStorage
  let store: FileStore
  let maker: number

  beforeEach(() => {
    objects = new MemoryObjectStorage({ clock: new SimClock() })
    store = new FileStore(objects, new ObjectKeys(''), new SeededRandom(1))
    maker = 0
  })

  const rewrite = (files: readonly DataFile[], changes: readonly Change[]): Promise<DataFile[]> => {
    maker++
    return rewriteFiles(store, files, { set: 'note', maker: sequenceOf(1, maker), changes, fileBytesMax }, {})
  }

  async function idsOf(files: DataFile[]): Promise<string[]> {
    const status: DataStatus = {
      dataSequence: '',
      walSequence: '',
      files: new Map([['note', files]]),
      indexes: new Map(),
    }
    const ids: string[] = []
    for await (const { id } of new Snapshot(status, store).scan('note', {}, {})) ids.push(id)
    return ids
  }

  it('splits at the maximum, by one entry at most beyond it', async () => {
    const files = await rewrite([], puts(range(0, 200)))
    expect(files.length).toBeGreaterThan(5)
    for (const { sizeBytes } of files) expect(sizeBytes).toBeLessThan(fileBytesMax + 200)
    for (const { sizeBytes } of files.slice(0, -1)) expect(sizeBytes).toBeGreaterThan(fileBytesMax)
    expect(await idsOf(files)).toEqual(range(0, 200).map(idOf))
  })

  it.each<[string, Change[], number[]]>([
    ['at the start', puts([0]), [0]],
    ['in the middle', puts([98, 99, 100]), [98, 99, 100]],
    ['at the end', puts([399, 400]), [399, 400]],
    ['by deletion', deletes([150]), []],
    ['of something unknown', deletes([9999]), []],
  ])('rewrites only the files that a change %s touches', async (_, changes, added) => {
    const before = await rewrite([], puts(range(1, 200).map((number) => number * 2)))
    const after = await rewrite(before, changes)
    const kept = new Set(after.map(({ id }) => id))
    expect(before.filter(({ id }) => !kept.has(id))).toHaveLength(1)
    const gone = new Set(changes.filter(({ entry }) => entry === null).map(({ id }) => id))
    const expected = new Set([...range(1, 200).map((number) => idOf(number * 2)), ...added.map(idOf)])
    expect(await idsOf(after)).toEqual([...expected.difference(gone)].sort())
  })

  it('leaves no file when nothing is left', async () => {
    const files = await rewrite([], puts(range(0, 100)))
    expect(await rewrite(files, deletes(range(0, 100)))).toEqual([])
    expect(await rewrite([], deletes([1]))).toEqual([])
  })

  it('joins what has become small to its neighbours, before and after', async () => {
    for (const [emptied, touched] of [
      [range(0, 48), [49]],
      [range(50, 98), [3]],
    ] as const) {
      const full = await rewrite([], puts(range(0, 100)))
      const hollow = await rewrite(full, deletes(emptied))
      const joined = await rewrite(hollow, puts(touched, 10))
      expect(joined.length).toBeLessThanOrEqual(hollow.length)
    }
    const full = await rewrite([], puts(range(0, 200)))
    let files = full
    for (const number of range(0, 200)) if (number % 20 !== 0) files = await rewrite(files, deletes([number]))
    expect(await idsOf(files)).toHaveLength(10)
    expect(files.length).toBeLessThanOrEqual(2)
  })

  it('tells of every change what was there before', async () => {
    const files = await rewrite([], puts([1, 3]))
    const told: [string, boolean, boolean][] = []
    await rewriteFiles(
      store,
      files,
      {
        set: 'note',
        maker: sequenceOf(2, 1),
        changes: [...puts([0, 1]), ...deletes([2, 3])],
        fileBytesMax,
        onChange: (old, { id, entry }) => told.push([id, old !== null, entry !== null]),
      },
      {},
    )
    expect(told).toEqual([
      [idOf(0), false, true],
      [idOf(1), true, true],
      [idOf(2), false, false],
      [idOf(3), true, false],
    ])
  })

  it('reads and rewrites files of older programs, whose entries stand on one line', async () => {
    const documents = [1, 2, 3].map((number) => JSON.stringify({ id: idOf(number), data_type: 'note', data: 'eHh4' }))
    const offsets = documents.map((_, at) => documents.slice(0, at).join('').length)
    const id = `${sequenceOf(1, 1)}-old`
    await objects.put(`data/note/${id}.data`, Buffer.from(documents.join('')))
    const index = Object.fromEntries(offsets.map((offset, at) => [idOf(at + 1), offset]))
    await objects.put(`data/note/${id}.index`, Buffer.from(JSON.stringify({ index })))
    const old: DataFile = { id, lastId: idOf(3), sizeBytes: 0 }
    expect(await idsOf([old])).toEqual([idOf(1), idOf(2), idOf(3)])
    const status: DataStatus = {
      dataSequence: '',
      walSequence: '',
      files: new Map([['note', [old]]]),
      indexes: new Map(),
    }
    const data = await new Snapshot(status, store).get('note', idOf(2), {})
    expect(Buffer.from(data ?? []).toString()).toBe('xxx')
    expect(await idsOf(await rewrite([old], puts([4])))).toEqual([1, 2, 3, 4].map(idOf))
  })
})

import { beforeEach, describe, expect, it } from 'vitest'
import { MemoryObjectStorage } from '../../../src/engine/adapters/objects/memory.ts'
import { EntrySorter } from '../../../src/engine/datamanager/entry-sorter.ts'
import { FileStore } from '../../../src/engine/datamanager/file-store.ts'
import { ObjectKeys } from '../../../src/engine/datamanager/keys.ts'
import { sequenceOf } from '../../../src/engine/datamanager/sequence.ts'
import { SeededRandom } from '../../support/seeded-random.ts'
import { SimClock } from '../../support/sim-clock.ts'

const entryBytes = 100

describe('sorting entries', () => {
  let objects: MemoryObjectStorage
  let sorter: EntrySorter

  beforeEach(() => {
    objects = new MemoryObjectStorage({ clock: new SimClock() })
    const store = new FileStore(objects, new ObjectKeys(''), new SeededRandom(1))
    sorter = new EntrySorter({ objects, store, fileBytesMax: 500 }, 'note', sequenceOf(1, 1), {})
  })

  const keys = async (): Promise<string[]> =>
    (await Array.fromAsync(objects.list({ prefix: '' }))).map(({ key }) => key)

  async function sorted(count: number): Promise<void> {
    const ids = Array.from({ length: count }, (_, at) => `n${String(at).padStart(4, '0')}`)
    const random = new SeededRandom(count)
    for (const id of ids.toSorted(() => random.fraction() - 0.5)) {
      await sorter.add({ id, data: Buffer.alloc(entryBytes, id), owner: `owner of ${id}` })
    }
    const found = await Array.fromAsync(sorter.sorted())
    expect(found.map(({ id }) => id)).toEqual(ids)
    for (const { id, data, owner } of found) {
      expect(owner).toBe(`owner of ${id}`)
      expect(Buffer.from(data)).toEqual(Buffer.alloc(entryBytes, id))
    }
  }

  it.each([0, 1, 30])('gives %i entries in order without writing any', async (count) => {
    objects.put = () => Promise.reject(new Error('Nothing has to be written.'))
    await sorted(count)
  })

  it('writes aside what would fill the memory, and removes it when all is merged', async () => {
    let written = 0
    const put = objects.put.bind(objects)
    objects.put = (...call) => {
      written++
      return put(...call)
    }
    await sorted(400)
    expect(written).toBeGreaterThan(40)
    expect(await keys()).toEqual([])
  })
})

import { describe, expect, it } from 'vitest'
import { MemoryObjectStorage } from '../../../src/engine/adapters/objects/memory.ts'
import { CacheInventory, chooseCaches } from '../../../src/engine/runservice/cache-inventory.ts'
import { Caches } from '../../../src/engine/runservice/caches.ts'
import { SimClock } from '../../support/sim-clock.ts'

const dayMs = 24 * 60 * 60 * 1000

function world() {
  const clock = new SimClock()
  const objects = new MemoryObjectStorage({ clock })
  const caches = new Caches(objects, { notesUse: true })
  const inventory = new CacheInventory({ objects, clock })
  const save = (key: string, sizeBytes = 10) => caches.save(key, Buffer.alloc(sizeBytes))
  const use = async (key: string) => (await caches.open(key))?.stream().resume()
  const keys = async (prefix = '') => (await inventory.list(prefix)).map(({ key }) => key)
  return { clock, objects, inventory, save, use, keys, wait: (days: number) => clock.advance(days * dayMs) }
}

describe('the inventory of caches', () => {
  it('tells size, age and last use of each cache', async () => {
    const { clock, inventory, save, use, wait } = world()
    const savedAt = clock.now()
    await save('g-a/b', 7)
    await save('g-c')
    await wait(3)
    await use('g-a')
    expect(await inventory.list('g-')).toEqual([
      { key: 'g-a/b', sizeBytes: 7, savedAt, usedAt: savedAt + 3 * dayMs },
      { key: 'g-c', sizeBytes: 10, savedAt, usedAt: null },
    ])
  })

  it('lists by the beginning of the key, which may hold anything', async () => {
    const { save, keys } = world()
    for (const key of ['g-a/1', 'g-a/2', 'g-b', 'h-a/1']) await save(key)
    expect(await keys('g-a/')).toEqual(['g-a/1', 'g-a/2'])
    expect(await keys()).toEqual(['g-a/1', 'g-a/2', 'g-b', 'h-a/1'])
  })

  it('does not make a cache newer by using it', async () => {
    const { clock, save, use, inventory, wait } = world()
    await save('g-1')
    await wait(1)
    await save('g-2')
    const savedAt = clock.now()
    await wait(1)
    await use('g-1')
    expect((await inventory.list('g-2'))[0]?.savedAt).toBe(savedAt)
    expect((await inventory.list('g-1'))[0]?.savedAt).toBe(savedAt - dayMs)
  })

  it('removes a cache with the note of its use', async () => {
    const { objects, inventory, save, use } = world()
    await save('g-1')
    await use('g-1')
    await inventory.remove({ key: 'g-1' })
    const left: string[] = []
    for await (const { key } of objects.list({ prefix: '', recursive: true })) left.push(key)
    expect(left).toEqual([])
  })

  it('prunes what was neither saved nor used for two weeks', async () => {
    const { inventory, save, use, keys, wait } = world()
    const limits = { unusedMsMax: 14 * dayMs, bytesMax: 1000 }
    for (const key of ['g-used', 'g-unused']) await save(key)
    await wait(10)
    await use('g-used')
    await wait(5)
    expect((await inventory.prune(limits, { dryRun: true })).map(({ key }) => key)).toEqual(['g-unused'])
    expect(await keys()).toEqual(['g-unused', 'g-used'])
    await inventory.prune(limits)
    expect(await keys()).toEqual(['g-used'])
  })

  it('prunes what was used longest ago until the rest fits', async () => {
    const entry = (key: string, savedAt: number, usedAt: number | null) => ({ key, sizeBytes: 10, savedAt, usedAt })
    const entries = [
      entry('old but used', 1, 9),
      entry('oldest', 2, null),
      entry('newest', 8, null),
      entry('old', 3, 4),
    ]
    const chosen = (bytesMax: number) =>
      chooseCaches(entries, { unusedMsMax: 1000, bytesMax }, 10).map(({ key }) => key)
    expect(chosen(40)).toEqual([])
    expect(chosen(39)).toEqual(['oldest'])
    expect(chosen(15)).toEqual(['oldest', 'old', 'newest'])
    expect(chosen(0)).toHaveLength(4)
  })
})

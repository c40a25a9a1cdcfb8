import { text } from 'node:stream/consumers'
import { describe, expect, it } from 'vitest'
import { MemoryObjectStorage } from '../../../src/engine/adapters/objects/memory.ts'
import { Caches, escapeCacheKey } from '../../../src/engine/runservice/caches.ts'
import { SimClock } from '../../support/sim-clock.ts'

function world() {
  const clock = new SimClock()
  const objects = new MemoryObjectStorage({ clock })
  const caches = new Caches(objects)
  const save = async (key: string, ms = 1000) => {
    await clock.advance(ms)
    return await caches.save(key, Buffer.from(`content of ${key}`))
  }
  const open = async (key: string) => {
    const hit = await caches.open(key)
    return hit === null ? null : { key: hit.key, exact: hit.exact, text: await text(hit.stream()) }
  }
  return { objects, caches, save, open }
}

describe('caches', () => {
  it('keep the first content of a key', async () => {
    const { caches, save, open } = world()
    expect(await caches.has('p-go')).toBe(false)
    expect(await save('p-go')).toBe(true)
    expect(await caches.save('p-go', Buffer.from('other'))).toBe(false)
    expect(await caches.has('p-go')).toBe(true)
    expect(await open('p-go')).toEqual({ key: 'p-go', exact: true, text: 'content of p-go' })
  })

  it('give the exact key before a newer one that begins with it', async () => {
    const { save, open } = world()
    await save('p-go')
    await save('p-go-2')
    expect((await open('p-go'))?.key).toBe('p-go')
  })

  it('give the newest that begins with the key when there is no exact one', async () => {
    const { save, open } = world()
    await save('p-go-b')
    await save('p-go-c')
    await save('p-go-a')
    await save('q-go-z')
    expect(await open('p-go-')).toEqual({ key: 'p-go-a', exact: false, text: 'content of p-go-a' })
    expect(await open('p-rust')).toBeNull()
  })

  it('give the last by name of equally new ones', async () => {
    const { save, open } = world()
    for (const key of ['p-2', 'p-3', 'p-1']) await save(key, 0)
    expect((await open('p-'))?.key).toBe('p-3')
  })

  it('lie flat under their escaped keys, whatever these hold', async () => {
    const { objects, save, open } = world()
    const key = "p-feature/a b;(*)!'%ü$&+=:@~"
    await save(key)
    const names: string[] = []
    for await (const object of objects.list({ prefix: '', recursive: true })) names.push(object.key)
    expect(names).toEqual(['caches/p-feature%2Fa%20b%3B%28%2A%29%21%27%25%C3%BC$&+=:@~.tar'])
    expect((await open(key))?.key).toBe(key)
  })

  it('refuse empty keys and those of more than 200 characters once escaped', async () => {
    expect(escapeCacheKey('x'.repeat(200))).toHaveLength(200)
    const { caches } = world()
    for (const key of ['', 'x'.repeat(201), '/'.repeat(67)]) {
      await expect(caches.has(key)).rejects.toMatchObject({ code: 'cacheKeyInvalid' })
      await expect(caches.open(key)).rejects.toMatchObject({ code: 'cacheKeyInvalid' })
      await expect(caches.save(key, Buffer.of())).rejects.toMatchObject({ code: 'cacheKeyInvalid' })
    }
  })
})

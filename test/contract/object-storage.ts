import { randomUUID } from 'node:crypto'
import { mkdtemp, rm, stat, truncate, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Readable } from 'node:stream'
import { setImmediate } from 'node:timers/promises'
import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { ErrorCode } from '../../src/engine/model/errors.ts'
import type { ListQuery, ObjectStorage } from '../../src/engine/ports/object-storage.ts'

export interface ObjectStorageSubject {
  objects: ObjectStorage
  /** Throws when failed or aborted writes left anything behind. */
  checkNothingLeft?(): Promise<void>
  close?(): Promise<void>
}

export interface ObjectStorageTraits {
  /** The server behind it decides `ifAbsent` itself. */
  conditionalPut: boolean
  /** A key can be an object and the folder of others. */
  flat: boolean
  /** False for a test server that is at a loss when calls overlap. */
  concurrentWrites: boolean
  /** False for a test server that walks folders in the order of their names. */
  byteOrder: boolean
  /** What a put may hold of its source at once, however large that is; null where objects lie in the memory of this process. */
  heldBytesMax: number | null
  /** 255, except for a test server that makes file names of them with a suffix. */
  segmentBytesMax: number
}

const golden = 's3/is/not/a/file/sy/st/em/'
const goldenNames = ['01', '02', '03', '05', '01a', '01b', '04/a', '04/b', '041', '042/a'].map((n) => `file${n}`)

/** What every object storage must do (spec/storage.md 15.2). Each case works below a folder of its own. */
export function objectStorageContract(
  name: string,
  traits: ObjectStorageTraits,
  open: () => Promise<ObjectStorageSubject>,
): void {
  describe(`object storage: ${name}`, () => {
    let subject: ObjectStorageSubject
    let objects: ObjectStorage
    let scratch: string

    beforeAll(async () => {
      scratch = await mkdtemp(join(tmpdir(), 'agola-objects-'))
      subject = await open()
      objects = subject.objects
    })

    afterAll(async () => {
      await subject?.close?.()
      await rm(scratch, { recursive: true, force: true })
    })

    const folder = (): string => `t-${randomUUID()}/`

    it('gives back what was put, with its size and a time', async () => {
      const key = `${folder()}one`
      const put = await objects.put(key, Buffer.from('hello'), { persist: true })
      const info = await objects.stat(key)
      expect(info).toMatchObject({ key, sizeBytes: 5 })
      expect(put).toMatchObject({ key, sizeBytes: 5 })
      expect(Math.abs(info.modificationTime - Date.now())).toBeLessThan(3_600_000)
      expect(await textOf(objects, key)).toBe('hello')
    })

    it('stores an empty object from every kind of source', async () => {
      const base = folder()
      const file = join(scratch, randomUUID())
      await writeFile(file, '')
      await objects.put(`${base}bytes`, new Uint8Array())
      await objects.put(`${base}stream`, Readable.from([]))
      await objects.put(`${base}file`, { file })
      for (const key of ['bytes', 'stream', 'file']) {
        expect(await textOf(objects, base + key)).toBe('')
        expect((await objects.stat(base + key)).sizeBytes).toBe(0)
      }
    })

    it('replaces an object as a whole', async () => {
      const key = `${folder()}one`
      await objects.put(key, Buffer.from('a long first value'))
      await objects.put(key, Buffer.from('short'))
      expect(await textOf(objects, key)).toBe('short')
    })

    it('says that an object does not exist, to stat and get alike', async () => {
      const base = folder()
      await objects.put(`${base}folder/inside`, Buffer.from('x'))
      for (const key of [`${base}missing`, `${base}folder`, `${base}folder/inside/more`]) {
        await expectCode(objects.stat(key), 'objectDoesNotExist')
        await expectCode(objects.get(key), 'objectDoesNotExist')
      }
    })

    it('reads ranges, up to the end and beyond it', async () => {
      const key = `${folder()}digits`
      await objects.put(key, Buffer.from('0123456789'))
      expect(await textOf(objects, key, { start: 2, end: 5 })).toBe('234')
      expect(await textOf(objects, key, { start: 7 })).toBe('789')
      expect(await textOf(objects, key, { start: 7, end: 100 })).toBe('789')
      expect(await textOf(objects, key, { start: 10 })).toBe('')
      expect(await textOf(objects, key, { start: 50, end: 60 })).toBe('')
      expect(await textOf(objects, key, { start: 3, end: 3 })).toBe('')
    })

    it('deletes, and deletes what is missing without complaint', async () => {
      const base = folder()
      await objects.put(`${base}a/b/c`, Buffer.from('x'))
      await objects.delete(`${base}a/b/c`)
      await objects.delete(`${base}a/b/c`)
      await objects.delete(`${base}never/there`)
      await expectCode(objects.stat(`${base}a/b/c`), 'objectDoesNotExist')
      expect(await keysOf(objects, { prefix: base, recursive: true })).toEqual([])
    })

    it('leaves no empty folder behind that would stand in the way of an object', async () => {
      const base = folder()
      await objects.put(`${base}a/b/c`, Buffer.from('x'))
      await objects.delete(`${base}a/b/c`)
      await objects.put(`${base}a`, Buffer.from('y'))
      expect(await textOf(objects, `${base}a`)).toBe('y')
    })

    it('deletes an object without touching those below or beside it', async () => {
      const base = folder()
      await objects.put(`${base}a/b`, Buffer.from('x'))
      await objects.delete(`${base}a`)
      expect(await keysOf(objects, { prefix: base, recursive: true })).toEqual([`${base}a/b`])
    })

    describe('sizes', () => {
      it('takes exactly the given size and leaves the rest of a stream unread', async () => {
        const key = `${folder()}one`
        const source = Readable.from([Buffer.from('01234'), Buffer.from('56789')], { objectMode: false })
        await objects.put(key, source, { sizeBytes: 7 })
        expect(await textOf(objects, key)).toBe('0123456')
        expect(Buffer.concat(await source.toArray()).toString()).toBe('789')
      })

      it('takes a part of bytes and of a file too', async () => {
        const base = folder()
        const file = join(scratch, randomUUID())
        await writeFile(file, '0123456789')
        await objects.put(`${base}file`, { file }, { sizeBytes: 4 })
        await objects.put(`${base}bytes`, Buffer.from('0123456789'), { sizeBytes: 3 })
        await objects.put(`${base}none`, { file }, { sizeBytes: 0 })
        expect(await textOf(objects, `${base}file`)).toBe('0123')
        expect(await textOf(objects, `${base}bytes`)).toBe('012')
        expect(await textOf(objects, `${base}none`)).toBe('')
      })

      it('refuses a source that ends early and stores nothing', async () => {
        const base = folder()
        const file = join(scratch, randomUUID())
        await writeFile(file, 'abc')
        await objects.put(`${base}old`, Buffer.from('kept'))
        await expectCode(
          objects.put(`${base}old`, Readable.from([Buffer.from('abc')]), { sizeBytes: 4 }),
          'objectSourceShort',
        )
        await expectCode(objects.put(`${base}file`, { file }, { sizeBytes: 4 }), 'objectSourceShort')
        await expectCode(objects.put(`${base}bytes`, Buffer.from('abc'), { sizeBytes: 4 }), 'objectSourceShort')
        expect(await textOf(objects, `${base}old`)).toBe('kept')
        expect(await keysOf(objects, { prefix: base, recursive: true })).toEqual([`${base}old`])
        await subject.checkNothingLeft?.()
      })

      it('refuses a source without a size that is larger than the limit', async () => {
        const key = `${folder()}one`
        await expectCode(objects.put(key, pieces(4, 1000), { sizeBytesMax: 3999 }), 'tooLarge')
        await expectCode(objects.stat(key), 'objectDoesNotExist')
        await objects.put(key, pieces(4, 1000), { sizeBytesMax: 4000 })
        expect((await objects.stat(key)).sizeBytes).toBe(4000)
        await subject.checkNothingLeft?.()
      })

      it('stores a large stream without a size, every byte in its place', async () => {
        const key = `${folder()}large`
        const chunk = Buffer.from(Array.from({ length: 300_007 }, (_, index) => (index * 31 + (index >> 8)) & 0xff))
        async function* source(): AsyncGenerator<Uint8Array> {
          for (let count = 0; count < 70; count++) yield chunk
        }
        await objects.put(key, source())
        expect((await objects.stat(key)).sizeBytes).toBe(70 * 300_007)
        const parts: Buffer[] = await (await objects.get(key, { range: { start: 300_007 * 69 } })).toArray()
        expect(Buffer.concat(parts).equals(chunk)).toBe(true)
        const middle: Buffer[] = await (
          await objects.get(key, { range: { start: 300_007 * 30, end: 300_007 * 31 } })
        ).toArray()
        expect(Buffer.concat(middle).equals(chunk)).toBe(true)
      })
    })

    itIf(traits.heldBytesMax !== null)('takes 300 MiB of unknown size in little memory', async () => {
      const key = `${folder()}huge`
      expect(await heldBytesOf(300, (source) => objects.put(key, source))).toBeLessThan(traits.heldBytesMax ?? 0)
      expect((await objects.stat(key)).sizeBytes).toBe(300 * 1024 * 1024)
      await objects.delete(key)
    })

    describe('files as sources', () => {
      it('takes a file, and survives that its name is removed', async () => {
        const key = `${folder()}one`
        const file = join(scratch, randomUUID())
        await writeFile(file, 'content of a file')
        await objects.put(key, { file }, { persist: true })
        await objects.put(key, { file })
        await rm(file)
        expect(await textOf(objects, key)).toBe('content of a file')
        await subject.checkNothingLeft?.()
      })

      it('takes the target of a symbolic link', async () => {
        const { symlink } = await import('node:fs/promises')
        const key = `${folder()}one`
        const file = join(scratch, randomUUID())
        await writeFile(file, 'behind a link')
        await symlink(file, `${file}-link`)
        await objects.put(key, { file: `${file}-link` })
        expect(await textOf(objects, key)).toBe('behind a link')
      })

      it('dates an object from when it was put, however old the file is', async () => {
        const { utimes } = await import('node:fs/promises')
        const key = `${folder()}one`
        const file = join(scratch, randomUUID())
        await writeFile(file, 'old')
        await utimes(file, 1000, 1000)
        await objects.put(key, { file })
        expect(Math.abs((await objects.stat(key)).modificationTime - Date.now())).toBeLessThan(3_600_000)
      })

      it('takes a large file without reading it into memory', async () => {
        const key = `${folder()}large`
        const file = join(scratch, randomUUID())
        await writeFile(file, '')
        await truncate(file, 40 * 1024 * 1024)
        await objects.put(key, { file })
        expect((await objects.stat(key)).sizeBytes).toBe((await stat(file)).size)
        await rm(file)
      })
    })

    describe('aborting', () => {
      it('refuses to start with an aborted signal', async () => {
        const key = `${folder()}one`
        const signal = AbortSignal.abort(new Error('no longer wanted'))
        await expect(objects.put(key, Buffer.from('x'), { signal })).rejects.toThrow('no longer wanted')
        await expect(objects.stat(key, { signal })).rejects.toThrow('no longer wanted')
        await expect(objects.get(key, { signal })).rejects.toThrow('no longer wanted')
        await expect(objects.delete(key, { signal })).rejects.toThrow('no longer wanted')
        await expectCode(objects.stat(key), 'objectDoesNotExist')
      })

      it.each([
        ['at once', 0],
        ['after several parts', 30],
      ])('stops a put whose source hangs %s, and leaves nothing', async (_, chunks) => {
        const key = `${folder()}one`
        const controller = new AbortController()
        const hanging = Promise.withResolvers<void>()
        async function* source(): AsyncGenerator<Uint8Array> {
          for (let count = 0; count < chunks; count++) yield Buffer.alloc(1024 * 1024)
          hanging.resolve()
          await new Promise(() => undefined)
        }
        const put = objects.put(key, source(), { signal: controller.signal })
        await hanging.promise
        controller.abort(new Error('stopped in the middle'))
        await expect(put).rejects.toThrow('stopped in the middle')
        await expectCode(objects.stat(key), 'objectDoesNotExist')
        await subject.checkNothingLeft?.()
      })

      it('passes on the error of a failing source and leaves nothing', async () => {
        const key = `${folder()}one`
        async function* source(): AsyncGenerator<Uint8Array> {
          yield Buffer.alloc(17 * 1024 * 1024)
          await setImmediate()
          throw new Error('the source broke')
        }
        await expect(objects.put(key, source())).rejects.toThrow('the source broke')
        await expectCode(objects.stat(key), 'objectDoesNotExist')
        await subject.checkNothingLeft?.()
      })

      // A store that calls itself broken ends all that depends on it, so it must not do that for the troubles of others.
      it('passes on a system error of a failing source as it is', async () => {
        const key = `${folder()}one`
        const reset = Object.assign(new Error('read ECONNRESET'), { code: 'ECONNRESET', syscall: 'read' })
        async function* source(): AsyncGenerator<Uint8Array> {
          yield Buffer.from('x')
          throw reset
        }
        const putFrom = (from: AsyncIterable<Uint8Array>) => objects.put(key, from).catch((error: unknown) => error)
        expect(await putFrom(source())).toBe(reset)
        expect(await putFrom(Readable.from(source(), { objectMode: false }))).toBe(reset)
        await expectCode(objects.stat(key), 'objectDoesNotExist')
        await subject.checkNothingLeft?.()
      })

      it('passes on the system error of a file that is gone, or none', async () => {
        const key = `${folder()}one`
        const file = join(scratch, randomUUID())
        await expect(objects.put(key, { file })).rejects.toMatchObject({ code: 'ENOENT' })
        await expect(objects.put(key, { file: scratch })).rejects.toMatchObject({ code: 'EISDIR' })
        await expect(objects.put(key, { file: scratch }, { sizeBytes: 1 })).rejects.toMatchObject({ code: 'EISDIR' })
        await expectCode(objects.stat(key), 'objectDoesNotExist')
        await subject.checkNothingLeft?.()
      })
    })

    itIf(traits.concurrentWrites)('shows readers the old or the new object, never a mixture', async () => {
      const key = `${folder()}one`
      const bodies = ['a', 'b', 'c', 'd'].map((letter, index) => letter.repeat(200_000 + index * 50_000))
      await objects.put(key, Buffer.from(bodies[0] ?? ''))
      let writing = true
      const writer = (async () => {
        for (let round = 0; round < 12; round++) await objects.put(key, Buffer.from(bodies[round % 4] ?? ''))
        writing = false
      })()
      do expect(bodies).toContain(await textOf(objects, key))
      while (writing)
      await writer
    })

    it('keeps the content that a reader has opened when the object is deleted', async () => {
      const key = `${folder()}one`
      await objects.put(key, Buffer.from('still here'))
      const stream = await objects.get(key)
      await objects.delete(key)
      expect(Buffer.concat(await stream.toArray()).toString()).toBe('still here')
    })

    itIf(traits.concurrentWrites)('survives puts and deletes in the same folder at once', async () => {
      const base = folder()
      const work = Array.from({ length: 8 }, async (_, worker) => {
        for (let round = 0; round < 15; round++) {
          const key = `${base}deep/er/${worker}-${round}`
          await objects.put(key, Buffer.from('x'))
          await objects.delete(key)
        }
      })
      await Promise.all(work)
      expect(await keysOf(objects, { prefix: base, recursive: true })).toEqual([])
    })

    itIf(traits.conditionalPut)('lets exactly one of several puts win that want the key absent', async () => {
      const key = `${folder()}one`
      const puts = ['a', 'b', 'c', 'd'].map((text) => objects.put(key, Buffer.from(text), { ifAbsent: true }))
      const results = await Promise.allSettled(puts)
      const lost = results.filter((result) => result.status === 'rejected')
      expect(lost).toHaveLength(3)
      for (const { reason } of lost) expect(reason).toMatchObject({ code: 'objectExists' })
      expect(await textOf(objects, key)).toBe(['a', 'b', 'c', 'd'][results.findIndex((r) => r.status === 'fulfilled')])
      await subject.checkNothingLeft?.()
    })

    it('refuses an existing key to ifAbsent, whatever the source', async () => {
      const base = folder()
      const file = join(scratch, randomUUID())
      await writeFile(file, 'new')
      await objects.put(`${base}one`, Buffer.from('old'))
      await expectCode(objects.put(`${base}one`, Buffer.from('new'), { ifAbsent: true }), 'objectExists')
      await expectCode(objects.put(`${base}one`, { file }, { ifAbsent: true }), 'objectExists')
      await expectCode(objects.put(`${base}one`, pieces(20, 1024 * 1024), { ifAbsent: true }), 'objectExists')
      await objects.put(`${base}two`, { file }, { ifAbsent: true })
      expect(await textOf(objects, `${base}one`)).toBe('old')
      expect(await textOf(objects, `${base}two`)).toBe('new')
      await subject.checkNothingLeft?.()
    })

    it.each([
      '',
      '/a',
      'a//b',
      'a/',
      '.',
      '..',
      '../x',
      'a/../b',
      'a/./b',
      'a\0b',
      'a\\b',
      'a\nb',
      'a\u007fb',
      '\ud800',
      'x'.repeat(256),
      `${'é'.repeat(127)}xx`,
      Array.from({ length: 206 }, () => 'abcd').join('/'),
    ])('refuses the key %j', async (key) => {
      await expectCode(objects.put(key, Buffer.from('x')), 'objectKeyInvalid')
      await expectCode(objects.get(key), 'objectKeyInvalid')
      await expectCode(objects.stat(key), 'objectKeyInvalid')
      await expectCode(objects.delete(key), 'objectKeyInvalid')
    })

    it('stores odd but valid keys under exactly these names', async () => {
      const base = folder()
      const names = [
        ' space',
        '%2F',
        '%25',
        'a+b',
        'a&b=c',
        'q?x#y',
        '☺☺☺☺☺☺☺☺',
        'é',
        'fil.f',
        '12345678.f',
        '...',
        '~',
        '"quotes"',
        "'",
        'x'.repeat(traits.segmentBytesMax),
        '*',
        'a:b',
        '<>',
      ]
      for (const name of names) await objects.put(base + name, Buffer.from(name))
      for (const name of names) expect(await textOf(objects, base + name)).toBe(name)
      const expected = names.map((name) => base + name).sort((a, b) => Buffer.compare(Buffer.from(a), Buffer.from(b)))
      expect(await keysOf(objects, { prefix: base })).toEqual(expected)
    })

    itIf(traits.flat)('lets a key be an object and the folder of others', async () => {
      const base = folder()
      const names = ['a', 'a/b', 'a/b/c', 'eight888', 'eight888/x', 'eight888.f']
      for (const name of names) await objects.put(base + name, Buffer.from(name))
      for (const name of names) expect(await textOf(objects, base + name)).toBe(name)
      await objects.delete(`${base}a/b`)
      const left = await keysOf(objects, { prefix: `${base}a`, recursive: true })
      expect(left.sort()).toEqual([`${base}a`, `${base}a/b/c`])
    })

    itIf(!traits.flat)('says clearly that a key cannot be an object and a folder', async () => {
      const base = folder()
      await objects.put(`${base}a`, Buffer.from('x'))
      await objects.put(`${base}f/b`, Buffer.from('x'))
      await expectCode(objects.put(`${base}a/b`, Buffer.from('x')), 'objectKeyInvalid')
      await expectCode(objects.put(`${base}a/b/c`, Buffer.from('x'), { ifAbsent: true }), 'objectKeyInvalid')
      await expectCode(objects.put(`${base}f`, Buffer.from('x')), 'objectKeyInvalid')
      await expectCode(objects.put(`${base}f`, Buffer.from('x'), { ifAbsent: true }), 'objectKeyInvalid')
      expect(await keysOf(objects, { prefix: base, recursive: true })).toEqual([`${base}a`, `${base}f/b`])
    })

    describe('lists', () => {
      let base: string
      const list = async (query: ListQuery): Promise<string[]> => {
        const keys = await keysOf(objects, query)
        return keys.map((key) => key.slice((base + golden).length))
      }

      beforeAll(async () => {
        base = folder()
        for (const name of goldenNames) await objects.put(base + golden + name, Buffer.from('x'))
      })

      it('gives everything below a prefix in byte order', async () => {
        const all = [
          'file01',
          'file01a',
          'file01b',
          'file02',
          'file03',
          'file04/a',
          'file04/b',
          'file041',
          'file042/a',
          'file05',
        ]
        expect(await list({ prefix: base + golden, recursive: true })).toEqual(all)
        expect(await list({ prefix: `/${base}`, recursive: true })).toEqual(all)
        expect(await list({ prefix: `${base}s3`, recursive: true })).toEqual(all)
      })

      it('leaves out folders and what is in them unless recursive', async () => {
        const flat = ['file01', 'file01a', 'file01b', 'file02', 'file03', 'file041', 'file05']
        expect(await list({ prefix: base + golden })).toEqual(flat)
        expect(await list({ prefix: base })).toEqual([])
      })

      it('continues after a key, itself left out', async () => {
        const rest = ['file03', 'file04/a', 'file04/b', 'file041', 'file042/a', 'file05']
        expect(await list({ prefix: `/${base}s3/`, after: `/${base}${golden}file02`, recursive: true })).toEqual(rest)
        expect(await list({ prefix: `${base}s3`, after: `${base}${golden}file02`, recursive: true })).toEqual(rest)
        expect(await list({ prefix: base, after: `${base}${golden}file04/a`, recursive: true })).toEqual(rest.slice(2))
        expect(await list({ prefix: base, after: `${base}${golden}file04`, recursive: true })).toEqual(rest.slice(1))
        expect(await list({ prefix: base + golden, after: `${base}${golden}file02` })).toEqual([
          'file03',
          'file041',
          'file05',
        ])
        expect(await list({ prefix: base, after: `${base}${golden}file05`, recursive: true })).toEqual([])
      })

      it('takes the prefix as a plain string', async () => {
        expect(await list({ prefix: `${base}${golden}file04`, recursive: true })).toEqual([
          'file04/a',
          'file04/b',
          'file041',
          'file042/a',
        ])
        expect(await list({ prefix: `${base}${golden}file04/` })).toEqual(['file04/a', 'file04/b'])
        expect(await list({ prefix: `${base}${golden}file04/a` })).toEqual(['file04/a'])
        expect(await list({ prefix: `${base}nothing` })).toEqual([])
      })

      it('refuses to continue after a key outside of the list, and prefixes that no key can have', async () => {
        await expectCode(list({ prefix: base + golden, after: `${base}other` }), 'objectKeyInvalid')
        await expectCode(list({ prefix: '../' }), 'objectKeyInvalid')
        await expectCode(list({ prefix: 'a/../b' }), 'objectKeyInvalid')
      })

      itIf(traits.byteOrder)('orders files against folders by bytes', async () => {
        const own = folder()
        const names = ['a-x', 'a/b', 'a b', 'a.c', 'a0', 'a!', 'a/-', 'ab/c', 'ab-']
        for (const name of names) await objects.put(own + name, Buffer.from('x'))
        const expected = names.map((name) => own + name).sort()
        expect(await keysOf(objects, { prefix: own, recursive: true })).toEqual(expected)
        for (const after of expected) {
          const rest = expected.slice(expected.indexOf(after) + 1)
          expect(await keysOf(objects, { prefix: own, after, recursive: true })).toEqual(rest)
        }
      })

      it('orders characters beyond the first plane by their bytes', async () => {
        const own = folder()
        const names = ['\u{1f600}', '\uff5e', 'z', '\u{10000}', '\ue000']
        for (const name of names) await objects.put(own + name, Buffer.from('x'))
        const expected = ['z', '\ue000', '\uff5e', '\u{10000}', '\u{1f600}'].map((name) => own + name)
        expect(await keysOf(objects, { prefix: own })).toEqual(expected)
      })

      it('can be left before its end, and stops when aborted', async () => {
        for await (const info of objects.list({ prefix: base, recursive: true })) {
          expect(info).toMatchObject({ key: `${base}${golden}file01`, sizeBytes: 1 })
          break
        }
        const aborted = objects.list(
          { prefix: base, recursive: true },
          { signal: AbortSignal.abort(new Error('enough')) },
        )
        await expect(aborted[Symbol.asyncIterator]().next()).rejects.toThrow('enough')
      })
    })

    it('reports good health', async () => {
      await objects.health()
    })
  })
}

/** The most bytes of a source of so many mebibytes that were still held while more of it was taken. */
export async function heldBytesOf(
  mebibytes: number,
  take: (source: AsyncIterable<Uint8Array>) => Promise<unknown>,
): Promise<number> {
  let given: WeakRef<Uint8Array>[] = []
  let heldMax = 0
  async function* source(): AsyncGenerator<Uint8Array> {
    for (let count = 1; count <= mebibytes; count++) {
      yield remembered(Buffer.alloc(1024 * 1024, count))
      if (count % 20 > 0) continue
      // A reference lives on to the end of the turn in which it was made or looked at.
      await setImmediate()
      collectGarbage()
      given = given.filter((chunk) => chunk.deref() !== undefined)
      heldMax = Math.max(heldMax, given.length * 1024 * 1024)
    }
  }
  const remembered = (chunk: Uint8Array): Uint8Array => {
    given.push(new WeakRef(chunk))
    return chunk
  }
  await take(source())
  return heldMax
}

const collectGarbage: () => void = (() => {
  setFlagsFromString('--expose-gc')
  return runInNewContext('gc')
})()

/** Registers the case or leaves it out: what an implementation cannot do by nature is no skipped test. */
function itIf(condition: boolean): (title: string, body: () => Promise<void>) => void {
  return (title, body) => {
    if (condition) it(title, body)
  }
}

export async function textOf(
  objects: ObjectStorage,
  key: string,
  range?: { start: number; end?: number },
): Promise<string> {
  const stream = await objects.get(key, range === undefined ? {} : { range })
  return Buffer.concat(await stream.toArray()).toString()
}

export async function keysOf(objects: ObjectStorage, query: ListQuery): Promise<string[]> {
  const keys: string[] = []
  for await (const { key } of objects.list(query)) keys.push(key)
  return keys
}

export async function expectCode(work: Promise<unknown>, code: ErrorCode): Promise<void> {
  await expect(work).rejects.toMatchObject({ code })
}

async function* pieces(count: number, sizeBytes: number): AsyncGenerator<Uint8Array> {
  for (let index = 0; index < count; index++) yield Buffer.alloc(sizeBytes, index)
}

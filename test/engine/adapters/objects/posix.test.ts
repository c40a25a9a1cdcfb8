import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { existsSync, fstatSync } from 'node:fs'
import {
  type FileHandle,
  link,
  mkdir,
  mkdtemp,
  open as openFile,
  readdir,
  rm,
  stat,
  symlink,
  utimes,
  writeFile,
} from 'node:fs/promises'
import { hostname, tmpdir } from 'node:os'
import { join } from 'node:path'
import { Readable } from 'node:stream'
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { fileError } from '../../../../src/engine/adapters/objects/file-error.ts'
import type { FileTreePoint } from '../../../../src/engine/adapters/objects/file-tree.ts'
import { openPosixObjectStorage } from '../../../../src/engine/adapters/objects/posix.ts'
import { systemClock, systemRandom } from '../../../../src/engine/adapters/system.ts'
import type { ObjectSource } from '../../../../src/engine/ports/object-storage.ts'
import { expectCode, keysOf, textOf } from '../../../contract/object-storage.ts'

describe('objects in a directory', () => {
  let directory: string
  const open = (atPoint: (point: FileTreePoint) => void = () => undefined) =>
    openPosixObjectStorage({ directory, clock: systemClock, random: systemRandom, atPoint })
  const temporaryFiles = () => readdir(join(directory, 'tmp'))

  beforeEach(async () => {
    directory = await mkdtemp(join(tmpdir(), 'agola-posix-'))
  })

  afterEach(async () => {
    vi.restoreAllMocks()
    await rm(directory, { recursive: true, force: true })
  })

  /** What was synced, in order, and whether the object had its name already. */
  async function syncsOf(key: string, put: () => Promise<unknown>): Promise<[path: string, isPublished: boolean][]> {
    const target = join(directory, 'data', key)
    const probe = await openFile(directory, 'r')
    const prototype: FileHandle = Object.getPrototypeOf(probe)
    await probe.close()
    const sync = prototype.sync
    const syncs: [inode: number, isPublished: boolean][] = []
    vi.spyOn(prototype, 'sync').mockImplementation(async function (this: FileHandle) {
      syncs.push([fstatSync(this.fd).ino, existsSync(target)])
      await sync.call(this)
    })
    await put()
    const names = new Map<number, string>()
    for (let path = target; path !== directory; path = join(path, '..'))
      names.set((await stat(path)).ino, path.slice(directory.length + 1))
    return syncs.map(([inode, isPublished]) => [names.get(inode) ?? '', isPublished])
  }

  it('lie under their key, for others to look at', async () => {
    const objects = await open()
    await objects.put('a/b c', Buffer.from('x'))
    const stats = await stat(join(directory, 'data/a/b c'))
    expect(stats.mode & 0o777).toBe(0o660)
    expect(objects.filePath('a/b c')).toBe(join(directory, 'data/a/b c'))
  })

  it('share the blocks of a file that is put: the same inode, nothing copied', async () => {
    const objects = await open()
    const file = join(directory, 'source')
    await writeFile(file, 'x', { mode: 0o600 })
    await objects.put('linked', { file }, { persist: true })
    await objects.put('linked-once', { file }, { ifAbsent: true })
    const { ino, nlink } = await stat(file)
    expect((await stat(objects.filePath('linked'))).ino).toBe(ino)
    expect((await stat(objects.filePath('linked-once'))).ino).toBe(ino)
    expect(nlink).toBe(3)
  })

  it('leave no temporary file when the same file is put to the same key again', async () => {
    const objects = await open()
    const file = join(directory, 'source')
    await writeFile(file, 'x')
    await objects.put('one', { file })
    await objects.put('one', { file })
    expect(await temporaryFiles()).toEqual([])
    expect((await stat(file)).nlink).toBe(2)
  })

  it('that cannot be deleted are told, and not taken for gone', async () => {
    const objects = await open()
    await symlink('/proc/self', join(directory, 'data/process'))
    await expectCode(objects.delete('process/status'), 'storeUnusable')
    await expect(objects.delete('process/missing')).resolves.toBeUndefined()
  })

  it('go with their folders, up to the first that still holds something', async () => {
    const objects = await open()
    await objects.put('a/b/c/d', Buffer.from('x'))
    await objects.put('a/e', Buffer.from('x'))
    await objects.delete('a/b/c/d')
    expect(await readdir(join(directory, 'data/a'))).toEqual(['e'])
    await objects.delete('a/e')
    expect(await readdir(join(directory, 'data'))).toEqual([])
  })

  it('ignore an empty folder that a dead process left, and take its place', async () => {
    const objects = await open()
    await mkdir(join(directory, 'data/a/b'), { recursive: true })
    expect(await keysOf(objects, { prefix: '', recursive: true })).toEqual([])
    await objects.put('a/b', Buffer.from('x'))
    await mkdir(join(directory, 'data/a/c'))
    await objects.put('a/c', Buffer.from('x'), { ifAbsent: true })
    expect(await keysOf(objects, { prefix: '', recursive: true })).toEqual(['a/b', 'a/c'])
  })

  it('appear after the rename and not before, whenever the process dies', async () => {
    const dyingAt = (wanted: FileTreePoint) => (point: FileTreePoint) => {
      if (point === wanted) throw new Error('crash')
    }
    const before = await open(dyingAt('ost.afterTmp'))
    await expect(before.put('one', Buffer.from('x'), { persist: true })).rejects.toThrow('crash')
    await expectCode(before.stat('one'), 'objectDoesNotExist')
    const after = await open(dyingAt('ost.afterRename'))
    await expect(after.put('one', Buffer.from('x'), { persist: true })).rejects.toThrow('crash')
    expect(await textOf(after, 'one')).toBe('x')
  })

  describe.each(['bytes', 'stream', 'file', 'link'] as const)('from a source of the kind %s', (kind) => {
    async function source(): Promise<ObjectSource> {
      if (kind === 'bytes') return Buffer.from('x')
      if (kind === 'stream') return Readable.from([Buffer.from('x')])
      const file = join(directory, 'source')
      await writeFile(file, 'x')
      if (kind === 'file') return { file }
      // Which is copied and not linked.
      await symlink(file, `${file}-link`)
      return { file: `${file}-link` }
    }

    it('are on the disk before they have their name, and then the name is, up to the first folder', async () => {
      const objects = await open()
      const from = await source()
      expect(await syncsOf('a/b/c', () => objects.put('a/b/c', from, { persist: true }))).toEqual([
        ['data/a/b/c', false],
        ['data/a/b', true],
        ['data/a', true],
        ['data', true],
      ])
    })

    it('are left to the system where nobody needs them after a power cut', async () => {
      const objects = await open()
      const from = await source()
      expect(await syncsOf('a/b', () => objects.put('a/b', from))).toEqual([])
    })
  })

  it('are rid of what a dead process of this machine left as soon as they are opened', async () => {
    await open()
    const child = spawn('true')
    await once(child, 'exit')
    const names = [`${hostname()}+${child.pid}+x`, `${hostname()}+${process.pid}+x`, `elsewhere+${child.pid}+x`]
    for (const name of names) await writeFile(join(directory, `tmp/tmpfile${name}`), 'x')
    await open()
    expect((await temporaryFiles()).sort()).toEqual(
      names
        .slice(1)
        .map((name) => `tmpfile${name}`)
        .sort(),
    )
  })

  it('lose nothing to the sweep of what dead writers left: only old temporary files go', async () => {
    await open()
    const old = join(directory, 'tmp/tmpfileold')
    const young = join(directory, 'tmp/tmpfileyoung')
    await writeFile(old, 'x')
    await writeFile(young, 'x')
    await utimes(young, 1000, 1000)
    const twoDays = 2 * 24 * 60 * 60 * 1000
    await open()
    expect(await temporaryFiles()).toEqual(['tmpfileold', 'tmpfileyoung'])
    const clock = { ...systemClock, now: () => systemClock.now() + twoDays }
    await openPosixObjectStorage({ directory, clock, random: systemRandom })
    expect(await temporaryFiles()).toEqual([])
  })

  it('are not found through links that lead out of the directory', async () => {
    const objects = await open()
    await symlink('/etc', join(directory, 'data/etc'))
    await link(join(directory, 'data/etc'), join(directory, 'data/again')).catch(() => undefined)
    expect(await keysOf(objects, { prefix: '', recursive: true })).toEqual([])
  })

  it('cannot be kept where a file is in the way, and the message names the directory', async () => {
    await writeFile(join(directory, 'file'), '')
    const work = openPosixObjectStorage({
      directory: join(directory, 'file'),
      clock: systemClock,
      random: systemRandom,
    })
    await expect(work).rejects.toMatchObject({
      code: 'storeUnusable',
      message: expect.stringContaining(join(directory, 'file')),
    })
  })

  it('report bad health when their directory has gone', async () => {
    const objects = await open()
    await objects.health()
    await rm(directory, { recursive: true })
    await expectCode(objects.health(), 'storeUnusable')
  })

  it('say that the disk is full, and how to go on', () => {
    const full = Object.assign(new Error('ENOSPC: no space left on device, write'), { code: 'ENOSPC' })
    expect(fileError('write "a"', full)).toMatchObject({
      code: 'diskFull',
      message: expect.stringContaining('free some space'),
    })
    const quota = Object.assign(new Error('EDQUOT'), { code: 'EDQUOT' })
    expect(fileError('write "a"', quota)).toMatchObject({ code: 'diskFull' })
    const readOnly = Object.assign(new Error('EROFS'), { code: 'EROFS' })
    expect(fileError('write "a"', readOnly)).toMatchObject({ code: 'storeUnusable', kind: 'unavailable' })
  })
})

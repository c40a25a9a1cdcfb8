import { mkdir, mkdtemp, rm, stat, symlink, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { makeDirectory } from '../../../src/engine/std/make-directory.ts'

let root: string
beforeEach(async () => {
  root = await mkdtemp(join(tmpdir(), 'agola-make-'))
})
afterEach(() => rm(root, { recursive: true }))

test('makes all that is missing with the mode, and leaves what is there', async () => {
  await mkdir(join(root, 'a'), { mode: 0o750 })
  await makeDirectory(join(root, 'a/b/c'), { mode: 0o700 })
  await makeDirectory(join(root, 'a/b/c'), { mode: 0o755 })
  const modes = await Promise.all(
    ['a', 'a/b', 'a/b/c'].map(async (path) => (await stat(join(root, path))).mode & 0o777),
  )
  expect(modes).toEqual([0o750, 0o700, 0o700])
})

test('takes a link to a directory for one', async () => {
  await mkdir(join(root, 'a'))
  await symlink('a', join(root, 'link'))
  await makeDirectory(join(root, 'link'))
  await makeDirectory(join(root, 'link/b'))
  expect((await stat(join(root, 'a/b'))).isDirectory()).toBe(true)
})

test('many at once do not hinder each other', async () => {
  await Promise.all(Array.from({ length: 20 }, () => makeDirectory(join(root, 'a/b/c/d'))))
})

test('says that a file is in the way', async () => {
  await writeFile(join(root, 'file'), '')
  await symlink('nothing', join(root, 'dangling'))
  await expect(makeDirectory(join(root, 'file'))).rejects.toMatchObject({ code: 'EEXIST' })
  await expect(makeDirectory(join(root, 'file/a/b'))).rejects.toMatchObject({ code: 'ENOTDIR' })
  await expect(makeDirectory(join(root, 'dangling'))).rejects.toMatchObject({ code: 'EEXIST' })
})

test.runIf(process.platform === 'linux')('ends where nothing can be made and nothing is said to be there', async () => {
  await expect(makeDirectory('/proc/agola/local')).rejects.toMatchObject({ code: 'ENOENT', path: '/proc/agola' })
})

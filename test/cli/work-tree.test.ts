import { execFileSync } from 'node:child_process'
import { mkdirSync, mkdtempSync, renameSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { findWorkTree, workTreeAround } from '../../src/cli/work-tree.ts'

let base = ''
beforeEach(() => {
  base = mkdtempSync(join(tmpdir(), 'agola-work-tree-'))
  mkdirSync(join(base, 'tree/.agola'), { recursive: true })
  mkdirSync(join(base, 'tree/deep/er'), { recursive: true })
  writeFileSync(join(base, 'tree/.agola/config.yml'), 'runs: []\n')
  writeFileSync(join(base, 'secret'), 'outside')
})
afterEach(() => rmSync(base, { recursive: true, force: true }))

test('the nearest .agola upwards is found', async () => {
  expect((await workTreeAround(join(base, 'tree/deep/er'), null)).directory).toBe(join(base, 'tree'))
})

test('the root of the repository is what counts inside of one', async () => {
  expect((await workTreeAround(join(base, 'tree/deep/er'), base)).directory).toBe(base)
})

test.each([
  ['tree', undefined],
  ['tree/.agola/config.yml', '.agola/config.yml'],
])('%s names the tree and the file %s of it', async (path, file) => {
  const found = await findWorkTree(base, path)
  expect([found.tree.directory, found.file]).toEqual([join(base, 'tree'), file])
})

test.each([
  ['absent', /does not exist/],
  ['secret', /does not lie in a directory .agola/],
])('%s is refused', async (path, message) => {
  await expect(findWorkTree(base, path)).rejects.toThrow(message)
})

test('files are read, missing ones are null', async () => {
  const { tree } = await findWorkTree(base, 'tree')
  expect(Buffer.from((await tree.readFile('.agola/config.yml')) ?? []).toString()).toBe('runs: []\n')
  expect(await tree.readFile('.agola/config.json')).toBeNull()
  expect(await tree.readFile('.agola')).toBeNull()
})

test('a link out of the tree is not followed', async () => {
  symlinkSync(join(base, 'secret'), join(base, 'tree/.agola/config.json'))
  const { tree } = await findWorkTree(base, 'tree')
  expect(await tree.readFile('.agola/config.json')).toBeNull()
})

test('a directory whose name begins with two dots lies in the tree', async () => {
  renameSync(join(base, 'tree/.agola'), join(base, 'tree/..cfg'))
  symlinkSync('..cfg', join(base, 'tree/.agola'))
  const { tree } = await findWorkTree(base, 'tree')
  expect(await tree.readFile('.agola/config.yml')).not.toBeNull()
})

test('a named pipe is no file, and nobody waits for it', async () => {
  execFileSync('mkfifo', [join(base, 'tree/.agola/config.json')])
  const { tree } = await findWorkTree(base, 'tree')
  expect(await tree.readFile('.agola/config.json')).toBeNull()
})

import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
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

test.each(['tree', 'tree/.agola/config.yml'])('%s names the tree', async (path) => {
  expect((await findWorkTree(base, path)).directory).toBe(join(base, 'tree'))
})

test.each([
  ['absent', /does not exist/],
  ['secret', /does not lie in a directory .agola/],
])('%s is refused', async (path, message) => {
  await expect(findWorkTree(base, path)).rejects.toThrow(message)
})

test('files are read, missing ones are null', async () => {
  const tree = await findWorkTree(base, 'tree')
  expect(Buffer.from((await tree.readFile('.agola/config.yml')) ?? []).toString()).toBe('runs: []\n')
  expect(await tree.readFile('.agola/config.json')).toBeNull()
  expect(await tree.readFile('.agola')).toBeNull()
})

test('a link out of the tree is not followed', async () => {
  symlinkSync(join(base, 'secret'), join(base, 'tree/.agola/config.json'))
  expect(await (await findWorkTree(base, 'tree')).readFile('.agola/config.json')).toBeNull()
})

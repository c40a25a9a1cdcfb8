import { existsSync, mkdtempSync, rmSync, utimesSync } from 'node:fs'
import { mkdir, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { openSnapshotStore, pruneSnapshots } from '../../../src/engine/snapshot/snapshot-store.ts'
import { createTemporaryDirectory } from '../../../src/engine/snapshot/temporary-directory.ts'

const day = 24 * 60 * 60 * 1000
const now = 1_700_000_000_000
let state: string
beforeEach(() => {
  state = mkdtempSync(join(tmpdir(), 'agola-store-'))
})
afterEach(() => rmSync(state, { recursive: true }))

test('snapshots of one repository share a generation for two weeks, then a new one begins', async () => {
  const first = await openSnapshotStore(state, '/repo/.git', now, 'x')
  expect((await openSnapshotStore(state, '/repo/.git', now + 13 * day, 'x')).id).toBe(first.id)
  expect((await openSnapshotStore(state, '/repo/.git', now + 14 * day, 'x')).id).not.toBe(first.id)
  expect((await openSnapshotStore(state, '/other/.git', now, 'x')).id).not.toBe(first.id)
})

test('a generation with very many objects is followed by a new one', async () => {
  const first = await openSnapshotStore(state, '/repo/.git', now, 'x')
  await mkdir(join(first.objects, '17'))
  for (let index = 0; index < 200; index += 1) await writeFile(join(first.objects, '17', String(index)), '')
  expect((await openSnapshotStore(state, '/repo/.git', now + 1, 'x')).id).not.toBe(first.id)
})

test('a generation that nobody used for a month is removed, with its repository once that is empty', async () => {
  const first = await openSnapshotStore(state, '/repo/.git', now, 'x')
  const second = await openSnapshotStore(state, '/repo/.git', now + 20 * day, 'x')
  expect(await pruneSnapshots(state, now + 29 * day)).toEqual([])
  expect(await pruneSnapshots(state, now + 31 * day)).toEqual([first.directory])
  expect(existsSync(second.directory)).toBe(true)
  await pruneSnapshots(state, now + 51 * day)
  expect(existsSync(join(second.directory, '..'))).toBe(false)
})

test('files that a dead process left go after an hour, those of living ones stay', async () => {
  const store = await openSnapshotStore(state, '/repo/.git', now, 'x')
  const [old, young] = [await createTemporaryDirectory(store, 'old'), await createTemporaryDirectory(store, 'young')]
  utimesSync(old, (now - 2 * 60 * 60 * 1000) / 1000, (now - 2 * 60 * 60 * 1000) / 1000)
  utimesSync(young, now / 1000, now / 1000)
  expect(await pruneSnapshots(state, now)).toEqual([old])
  expect(existsSync(young)).toBe(true)
})

test('pruning what was never there does nothing', async () => {
  expect(await pruneSnapshots(join(state, 'none'), now)).toEqual([])
})

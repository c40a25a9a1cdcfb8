import { spawnSync } from 'node:child_process'
import { mkdtemp, readdir, rm, utimes, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { tryFileLock } from '../../../src/engine/local/file-lock.ts'
import { readProcessFacts } from '../../../src/engine/local/process-facts.ts'

const now = Date.now()
let root: string
let path: string
beforeEach(async () => {
  root = await mkdtemp(join(tmpdir(), 'agola-lock-'))
  path = join(root, 'lock')
})
afterEach(() => rm(root, { recursive: true }))

test('only one holds the lock, and the next one after its release', async () => {
  const first = await tryFileLock(path, 'a', now)
  expect(first).not.toBeNull()
  expect(await tryFileLock(path, 'b', now)).toBeNull()
  await first?.release()
  expect(await tryFileLock(path, 'c', now)).not.toBeNull()
})

test('of many at once one gets it, over a stale lock too, and nothing else is left', async () => {
  for (const isStale of [false, true]) {
    if (isStale) await writeFile(path, JSON.stringify({ hostname: 'x', bootId: '', pid: 1, startTime: '' }))
    if (isStale) await utimes(path, 1, 1)
    const taken = await Promise.all(Array.from({ length: 20 }, (_, index) => tryFileLock(path, `n${index}`, now)))
    const holders = taken.filter((lock) => lock !== null)
    expect(holders.length).toBeLessThanOrEqual(1)
    expect(await readdir(root)).toEqual(holders.length === 1 ? ['lock'] : [])
    for (const lock of holders) await lock.release()
  }
})

test('the lock of a dead process is taken over, also when its pid is in use again', async () => {
  const facts = await readProcessFacts(process.pid)
  const { pid } = spawnSync(process.execPath, ['-e', ''])
  for (const stale of [
    { ...facts, pid },
    { ...facts, startTime: '1' },
    { ...facts, bootId: 'another' },
  ]) {
    await writeFile(path, JSON.stringify(stale))
    const lock = await tryFileLock(path, 'a', now)
    expect(lock).not.toBeNull()
    await lock?.release()
  }
})

test('a torn lock is taken over; that of another machine after an hour', async () => {
  await writeFile(path, '{"pid":')
  await (await tryFileLock(path, 'a', now))?.release()
  expect(await readdir(root)).toEqual([])
  await writeFile(path, JSON.stringify({ hostname: 'elsewhere', bootId: 'x', pid: 1, startTime: '1' }))
  expect(await tryFileLock(path, 'b', Date.now())).toBeNull()
  expect(await tryFileLock(path, 'b', Date.now() + 61 * 60 * 1000)).not.toBeNull()
})

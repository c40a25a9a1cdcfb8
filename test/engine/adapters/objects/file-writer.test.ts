import { mkdtemp, open, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test, vi } from 'vitest'
import { writeChunks } from '../../../../src/engine/adapters/objects/file-writer.ts'

let directory: string
let file: Awaited<ReturnType<typeof open>>

beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), 'agola-test-'))
  file = await open(join(directory, 'file'), 'w')
})

afterEach(async () => {
  vi.restoreAllMocks()
  await file.close()
  await rm(directory, { recursive: true })
})

const mebibyte = 1024 * 1024

async function* mebibytes(count: number): AsyncGenerator<Uint8Array> {
  for (let index = 0; index < count; index++) yield Buffer.alloc(mebibyte, index)
}

test('chunks follow each other, whatever their sizes', async () => {
  const chunks = [1, 70_000, 0, 3 * mebibyte, 5].map((size, index) => Buffer.alloc(size, index + 1))
  async function* all() {
    yield* chunks
  }
  expect(await writeChunks(file, all())).toBe(Buffer.concat(chunks).length)
  expect((await readFile(join(directory, 'file'))).equals(Buffer.concat(chunks))).toBe(true)
})

test('what shall stay is on its way to the disk before all of it has come', async () => {
  const sync = vi.spyOn(file, 'datasync')
  let syncsBeforeTheEnd = 0
  async function* watched() {
    yield* mebibytes(80)
    syncsBeforeTheEnd = sync.mock.calls.length
  }
  await writeChunks(file, watched(), { persist: true })
  expect(syncsBeforeTheEnd).toBeGreaterThan(0)
})

test('what need not stay is left to the system', async () => {
  const sync = vi.spyOn(file, 'datasync')
  await writeChunks(file, mebibytes(80))
  expect(sync).not.toHaveBeenCalled()
})

test('a disk that does not take it in fails the write', async () => {
  vi.spyOn(file, 'datasync').mockRejectedValueOnce(
    Object.assign(new Error('EIO: i/o error, fdatasync'), { code: 'EIO' }),
  )
  await expect(writeChunks(file, mebibytes(80), { persist: true })).rejects.toMatchObject({ code: 'EIO' })
})

import { type FileHandle, mkdtemp, open, rm, truncate, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { finished } from 'node:stream/promises'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { readFileRange, readSmall } from '../../../../src/engine/adapters/objects/read-file-range.ts'

const mebibyte = 1024 * 1024
const content = Buffer.concat(Array.from({ length: 5 }, (_, index) => Buffer.alloc(mebibyte - 1, index + 1)))

let directory: string
let file: FileHandle

beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), 'agola-test-'))
  await writeFile(join(directory, 'file'), content)
  file = await open(join(directory, 'file'), 'r')
})

afterEach(async () => {
  await rm(directory, { recursive: true })
})

test.each([
  [0, content.length],
  [0, 1],
  [mebibyte / 2, mebibyte],
  [mebibyte / 2 - 1, 3 * mebibyte + 1],
])('bytes %i to %i', async (start, end) => {
  const read = Buffer.concat(await readFileRange(file, { start, end }).toArray())
  expect(read.equals(content.subarray(start, end))).toBe(true)
  expect(file.fd).toBe(-1)
})

test('a stream that nobody reads closes its file', async () => {
  const stream = readFileRange(file, { start: 0, end: content.length })
  stream.destroy()
  await finished(stream).catch(() => undefined)
  expect(file.fd).toBe(-1)
})

test('a stream that is left in the middle closes its file', async () => {
  const stream = readFileRange(file, { start: 0, end: content.length })
  for await (const chunk of stream) {
    expect((chunk as Buffer).length).toBeGreaterThan(0)
    break
  }
  await finished(stream).catch(() => undefined)
  expect(file.fd).toBe(-1)
})

test('an aborted stream ends with the reason and closes its file', async () => {
  const controller = new AbortController()
  const stream = readFileRange(file, { start: 0, end: content.length }, { signal: controller.signal })
  const reading = async (): Promise<void> => {
    for await (const chunk of stream) if ((chunk as Buffer).length > 0) controller.abort(new Error('enough'))
  }
  await expect(reading()).rejects.toMatchObject({ name: 'AbortError', cause: new Error('enough') })
  expect(file.fd).toBe(-1)
})

test('a file that ends too soon is an error, not a short object', async () => {
  await truncate(join(directory, 'file'), 2 * mebibyte)
  const stream = readFileRange(file, { start: 0, end: content.length })
  await expect(stream.toArray()).rejects.toMatchObject({
    code: 'storeUnusable',
    message: expect.stringContaining('2097152'),
  })
  expect(file.fd).toBe(-1)
})

test.each([
  [{ start: 0 }, null],
  [{ start: 0, end: 70_000 }, null],
  [{ start: 0, end: 65_536 }, 65_536],
  [{ start: 10, end: 20 }, 10],
  [{ start: 10, end: 10 }, 0],
  [{ start: content.length - 65_536 }, null],
  [{ start: content.length - 65_535 }, 65_535],
  [{ start: content.length - 5, end: content.length + 5 }, 5],
  [{ start: content.length + 5 }, 0],
])('of %o %s bytes are read at once', async (range: { start: number; end?: number }, length) => {
  const read = await readSmall(file, range)
  await file.close()
  expect(read?.length ?? null).toBe(length)
  if (read !== null) expect(read.equals(content.subarray(range.start, range.end))).toBe(true)
})

import { pbkdf2 } from 'node:crypto'
import { once } from 'node:events'
import { closeSync, openSync } from 'node:fs'
import { mkdtemp, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { buffer, text } from 'node:stream/consumers'
import { promisify } from 'node:util'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { LogFile } from '../../../src/engine/executor/log-file.ts'
import { LogMask } from '../../../src/engine/executor/log-mask.ts'
import { settled } from '../../support/sim-clock.ts'

let dir: string
beforeEach(async () => {
  dir = await mkdtemp(join(tmpdir(), 'agola-log-'))
})
afterEach(() => rm(dir, { recursive: true }))

const plain = new LogMask([])
const create = (mask = plain) => LogFile.create(join(dir, 'a', 'b.log'), mask)

test('a follower reads what is there, then what comes, and ends with the log', async () => {
  const log = await create()
  log.line('one')
  const reader = log.follow().stream()
  const [first] = (await once(reader, 'data')) as [Buffer]
  expect(first.toString()).toBe('one\n')
  const rest = text(reader)
  log.line('two')
  log.line('three')
  await log.close()
  expect(await rest).toBe('two\nthree\n')
})

test('what we say begins on a line of its own', async () => {
  const log = await create()
  log.line('first')
  for (const part of ['^C', '', '']) log.write(part)
  log.line('agola: too long')
  log.write('done\n')
  log.line('last')
  await log.close()
  expect(await readFile(log.path, 'utf8')).toBe('first\n^C\nagola: too long\ndone\nlast\n')
})

test('a follower of a log that has ended meanwhile gets all of it', async () => {
  const log = await create()
  const content = log.follow()
  log.line('all')
  await log.close()
  await log.close()
  expect(await text(content.stream())).toBe('all\n')
})

test('what is stored is masked, also when it is cut into pieces', async () => {
  const log = await create(new LogMask(['secret-value']))
  for (const char of 'a secret-value b secret-') log.write(char)
  await log.close()
  expect(await readFile(log.path, 'utf8')).toBe('a *** b secret-')
})

test('one line of 13 MB and binary bytes are stored as they come', async () => {
  const log = await create(new LogMask(['secret-value']))
  const chunk = Buffer.from(Array.from({ length: 65_536 }, (_, index) => index % 256))
  for (let count = 0; count < 200; count++) if (!log.write(chunk)) await once(log, 'drain')
  await log.close()
  const stored = await readFile(log.path)
  expect(stored).toHaveLength(200 * chunk.length)
  expect(stored.subarray(-chunk.length).equals(chunk)).toBe(true)
})

test('writes of any size keep their order, and what follows them gets all of it', async () => {
  const log = await create()
  const followed = buffer(log.follow().stream())
  const sizes = [1, 5_000, 8_192, 3, 20_000, 600_000, 10, 1_200_000, 524_288, 7]
  const chunks = sizes.map((size, index) => Buffer.alloc(size, index + 1))
  for (const chunk of chunks) if (!log.write(chunk)) await once(log, 'drain')
  await log.close()
  expect((await readFile(log.path)).equals(Buffer.concat(chunks))).toBe(true)
  expect((await followed).equals(Buffer.concat(chunks))).toBe(true)
})

test('a log that cannot be written says so once and takes no more', async () => {
  const log = await create()
  const failed = once(log.failed, 'abort')
  log.destroy(new Error('no space'))
  await failed
  expect(log.failed.reason).toMatchObject({ message: 'no space' })
  log.line('ignored')
  await log.close()
  expect(await text(log.follow().stream())).toBe('')
})

test('a log that is destroyed while a thread has yet to write keeps its file until then', async () => {
  const log = await create()
  const other = join(dir, 'other.log')
  // All threads are busy for a while.
  const busy = Array.from({ length: 8 }, () => promisify(pbkdf2)('a', 'b', 100_000, 64, 'sha512'))
  const told = new Promise((resolve) => log.write(Buffer.alloc(2 * 1024 * 1024, 'x'), resolve))
  await settled()
  await settled()
  log.destroy()
  const taken = Array.from({ length: 4 }, () => openSync(other, 'a'))
  await Promise.all([once(log, 'close'), ...busy])
  expect(await told).toBeInstanceOf(Error)
  for (const file of taken) closeSync(file)
  expect(await readFile(other, 'utf8')).toBe('')
})

import { execFileSync, spawn } from 'node:child_process'
import { once } from 'node:events'
import { readFileSync } from 'node:fs'
import { mkdtemp, open, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { openPosixObjectStorage } from '../src/engine/adapters/objects/posix.ts'
import { openS3ObjectStorage } from '../src/engine/adapters/objects/s3.ts'
import { createLog, systemClock, systemRandom } from '../src/engine/adapters/system.ts'
import type { ObjectStorage, PutOptions } from '../src/engine/ports/object-storage.ts'
import { S3Server } from '../test/support/s3-server.ts'
import { type BenchRow, formatRow, inTurns } from './row.ts'

const mebibyte = 1024 * 1024
const sizeBytes = 1024 * mebibyte
const rounds = Number(process.env.AGOLA_BENCH_ROUNDS ?? 7)

/** Objects of 1 GiB beside `cp`, and the memory that a copy takes. */
export async function rows(): Promise<BenchRow[]> {
  const directory = await mkdtemp(join(tmpdir(), 'agola-bench-'))
  try {
    return [...(await posix(directory)), ...(await memory(directory))]
  } finally {
    await rm(directory, { recursive: true, force: true })
  }
}

async function posix(directory: string): Promise<BenchRow[]> {
  const file = await makeFile(directory)
  const objects = await openPosix(directory)
  const copy = join(directory, 'copy')
  // Neither side may have to write what the other, or an earlier row, has left in memory, and both make a file that is not there: where one
  // is replaced, `cp` writes into its memory, which no put may do that others can read until it is whole.
  const settled = async (work: () => Promise<void> | void, made: () => Promise<void> | void): Promise<number> => {
    await made()
    execFileSync('sync')
    const start = performance.now()
    await work()
    return performance.now() - start
  }
  const turns = (ours: () => Promise<void>, made: string | null, theirs: () => void) =>
    inTurns(
      rounds,
      () => settled(ours, () => (made === null ? undefined : objects.delete(made))),
      () => settled(theirs, () => rm(copy, { force: true })),
    )
  const cp = (): void => {
    execFileSync('cp', [file, copy])
  }
  // What is put comes from pods and the network, not from files, for which there is a way of their own.
  const put = await turns(() => putStream(objects), 'stream', cp)
  const cpAndSync = (): void => {
    cp()
    execFileSync('sync', [copy])
  }
  const kept = await turns(() => putStream(objects, { persist: true }), 'stream', cpAndSync)
  const get = await turns(() => readAll(objects), null, cp)
  const copied = await turns(async () => void (await objects.put('copy', await objects.get('stream'))), 'copy', cp)
  const link = await turns(async () => void (await objects.put('linked', { file })), 'linked', cp)
  const row = (
    work: string,
    { oursMs, theirsMs }: { oursMs: number; theirsMs: number },
    limit: number | null,
    against = 'cp',
  ): BenchRow => {
    return { work, against, unit: 'ms', ours: oursMs, theirs: theirsMs, limit }
  }
  return [
    row('posix: put of a stream of 1 GiB', put, 1.3),
    row('posix: put of a stream of 1 GiB, on stable storage', kept, 1.3, 'cp and sync of the file'),
    row('posix: get of 1 GiB', get, 1.3),
    row('posix: get of 1 GiB into another put', copied, null),
    row('posix: put of a file of 1 GiB', link, 0.1),
  ]
}

/** In processes of their own, so that each peak is that of one copy. */
async function memory(directory: string): Promise<BenchRow[]> {
  const server = await S3Server.start()
  server.discard = true
  try {
    const row = (work: string, ours: number, limit: number): BenchRow => {
      return { work, against: 'memory above an idle process', unit: 'MB', ours, theirs: null, limit }
    }
    return [
      row('posix: peak memory, put and get of 1 GiB', await peakOf('posix', directory), 100),
      row('S3: peak memory, upload of 1 GiB of unknown size', await peakOf('s3', server.endpoint), 120),
    ]
  } finally {
    await server.stop()
  }
}

async function peakOf(kind: string, where: string): Promise<number> {
  const child = spawn(process.execPath, [import.meta.filename, '--child', kind, where], {
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  let output = ''
  child.stdout.on('data', (chunk: Buffer) => {
    output += chunk.toString()
  })
  await once(child, 'close')
  return Number(output)
}

async function measureMemory(kind: string, where: string): Promise<number> {
  const objects = kind === 's3' ? await openS3(where) : await openPosix(where)
  // What any use of the store loads belongs to the idle process.
  await objects.put('warm', Buffer.alloc(mebibyte))
  const idle = peakKibibytes()
  await objects.put('peak', zeroes())
  if (kind === 'posix') await objects.put('peak-again', await objects.get('peak'))
  return (peakKibibytes() - idle) / 1024
}

/** Of this program alone: what `maxRSS` tells on Linux is at least what the process that started it had. */
function peakKibibytes(): number {
  if (process.platform !== 'linux') return process.resourceUsage().maxRSS
  return Number(/^VmHWM:\s*(\d+) kB$/m.exec(readFileSync('/proc/self/status', 'utf8'))?.[1])
}

async function* zeroes(): AsyncGenerator<Uint8Array> {
  const chunk = Buffer.alloc(64 * 1024)
  for (let sent = 0; sent < sizeBytes; sent += chunk.length) yield chunk
}

async function putStream(objects: ObjectStorage, options: PutOptions = {}): Promise<void> {
  await objects.put('stream', zeroes(), options)
}

async function readAll(objects: ObjectStorage): Promise<void> {
  let readBytes = 0
  for await (const chunk of await objects.get('stream')) readBytes += (chunk as Uint8Array).length
  if (readBytes !== sizeBytes) throw new Error(`the object has ${readBytes} bytes`)
}

async function makeFile(directory: string): Promise<string> {
  const path = join(directory, 'source')
  const file = await open(path, 'w')
  const chunk = Buffer.alloc(mebibyte, 'agola')
  for (let written = 0; written < sizeBytes; written += chunk.length) await file.write(chunk)
  await file.close()
  return path
}

function openPosix(directory: string): Promise<ObjectStorage> {
  return openPosixObjectStorage({ directory: join(directory, 'store'), clock: systemClock, random: systemRandom })
}

function openS3(endpoint: string): Promise<ObjectStorage> {
  const access = { endpoint, bucket: 'bench', accessKeyId: 'key', secretAccessKey: 'secret' }
  return openS3ObjectStorage({ ...access, clock: systemClock, log: createLog('error', () => undefined) })
}

if (process.argv[1] === import.meta.filename) {
  const [, , mode, kind = '', where = ''] = process.argv
  if (mode === '--child') {
    process.stdout.write(String(await measureMemory(kind, where)))
    process.exit()
  }
  for (const row of await rows()) process.stdout.write(`${formatRow(row)}\n`)
}

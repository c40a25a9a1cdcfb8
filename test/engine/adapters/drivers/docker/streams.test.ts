import { PassThrough, Readable, Writable } from 'node:stream'
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { Demultiplexer } from '../../../../../src/engine/adapters/drivers/docker/demultiplexer.ts'
import { jsonLines } from '../../../../../src/engine/adapters/drivers/docker/json-lines.ts'
import { PullProgress } from '../../../../../src/engine/adapters/drivers/docker/pull-progress.ts'
import { ExecOutput } from '../../../../../src/engine/adapters/drivers/exec-output.ts'

function frame(stream: number, bytes: Buffer): Buffer {
  const header = Buffer.alloc(8)
  header[0] = stream
  header.writeUInt32BE(bytes.length, 4)
  return Buffer.concat([header, bytes])
}

test('frames are put together again however the connection cuts them', () => {
  const anyFrames = fc.array(fc.tuple(fc.constantFrom(1, 2), fc.uint8Array({ maxLength: 40 })), { maxLength: 20 })
  fc.assert(
    fc.property(anyFrames, fc.array(fc.integer({ min: 1, max: 17 }), { minLength: 1 }), (frames, cuts) => {
      const wire = Buffer.concat(frames.map(([stream, bytes]) => frame(stream, Buffer.from(bytes))))
      const read: Record<number, Buffer[]> = { 1: [], 2: [] }
      const demultiplexer = new Demultiplexer((stream, bytes) => read[stream]?.push(Buffer.from(bytes)))
      for (let offset = 0, turn = 0; offset < wire.length; turn++) {
        const end = offset + (cuts[turn % cuts.length] ?? 1)
        demultiplexer.push(wire.subarray(offset, end))
        offset = end
      }
      for (const stream of [1, 2]) {
        const sent = frames.filter(([own]) => own === stream).map(([, bytes]) => Buffer.from(bytes))
        expect(Buffer.concat(read[stream] ?? []).equals(Buffer.concat(sent))).toBe(true)
      }
    }),
  )
})

test('a frame of an unknown kind is refused', () => {
  expect(() => new Demultiplexer(() => undefined).push(frame(7, Buffer.from('x')))).toThrow('unknown kind 7')
})

test('a full reader holds its source back until it has room', async () => {
  const source = new PassThrough()
  const output = new ExecOutput(source)
  let release: () => void = () => undefined
  const reader = new Writable({
    highWaterMark: 4,
    write: (_chunk, _encoding, done) => {
      release = done
    },
  })
  output.write(reader, Buffer.from('more than four'))
  output.write(reader, Buffer.from('again'))
  expect(source.isPaused()).toBe(true)
  expect(reader.listenerCount('drain')).toBe(1)
  release()
  await new Promise(setImmediate)
  release()
  await new Promise(setImmediate)
  expect(source.isPaused()).toBe(false)
  await output.flushed()
})

test('the failure of a reader is told at the end', async () => {
  const output = new ExecOutput(new PassThrough())
  const broken = new Writable({ write: (_chunk, _encoding, done) => done(new Error('disk full')) })
  broken.on('error', () => undefined)
  output.write(broken, Buffer.from('x'))
  output.write(broken, Buffer.from('y'))
  await expect(output.flushed()).rejects.toThrow('disk full')
})

test('lines of JSON are read across chunks; what is no object is left out', async () => {
  const chunks = ['{"a":"', 'ü"}\n\nnot json\n7\n{"b":1}', '\n{"c":2}'].map((text) => Buffer.from(text))
  const found: unknown[] = []
  for await (const value of jsonLines(Readable.from(chunks))) found.push(value)
  expect(found).toEqual([{ a: 'ü' }, { b: 1 }, { c: 2 }])
})

test('the progress of a pull is told at most once a second, with bytes and layers', () => {
  const progress = new PullProgress('image:1', 0)
  const layer = (id: string, status: string, current?: number, total?: number) => ({
    id,
    status,
    progressDetail: { current, total },
  })
  expect(progress.feed({ id: '1', status: 'Pulling from library/image' }, 0)).toBeNull()
  expect(progress.feed(layer('a', 'Downloading', 1_000_000, 4_000_000), 100)).toBeNull()
  expect(progress.feed(layer('b', 'Already exists'), 900)).toBeNull()
  expect(progress.feed(layer('a', 'Downloading', 2_000_000, 4_000_000), 1000)).toBe(
    'pulling image:1: 2.0 MB of 4.0 MB, 1 of 2 layers',
  )
  expect(progress.feed(layer('a', 'Pull complete'), 1500)).toBeNull()
  expect(progress.feed(layer('a', 'Pull complete'), 2000)).toBe('pulling image:1: 4.0 MB of 4.0 MB, 2 of 2 layers')
  expect(progress.feed(layer('a', 'Pull complete'), 4000)).toBeNull()
})

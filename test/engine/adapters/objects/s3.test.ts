import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { openS3ObjectStorage, type S3ObjectStorage } from '../../../../src/engine/adapters/objects/s3.ts'
import { createLog, systemClock } from '../../../../src/engine/adapters/system.ts'
import { expectCode, heldBytesOf, keysOf, textOf } from '../../../contract/object-storage.ts'
import { type S3Call, type S3Fault, S3Server } from '../../../support/s3-server.ts'

const mebibyte = 1024 * 1024

describe('objects in S3', () => {
  let server: S3Server
  let objects: S3ObjectStorage
  const open = (changes: { bucket?: string; endpoint?: string } = {}) =>
    openS3ObjectStorage({
      endpoint: server.endpoint,
      bucket: 'agola',
      accessKeyId: 'key',
      secretAccessKey: 'secret',
      clock: systemClock,
      log: createLog('error', () => undefined),
      ...changes,
    })

  beforeEach(async () => {
    server = await S3Server.start()
    objects = await open()
    server.calls.length = 0
  })

  afterEach(async () => {
    objects.close()
    await server.stop()
  })

  /** The fault for the first calls that match, then none. */
  function failFirst(times: number, fault: S3Fault, matches: (call: S3Call) => boolean): void {
    let left = times
    server.fault = (call) => (matches(call) && left-- > 0 ? fault : undefined)
  }

  const isPart = ({ method, query }: S3Call) => method === 'PUT' && query.has('partNumber')
  const isComplete = ({ method, query }: S3Call) => method === 'POST' && query.has('uploadId')
  const isPut = ({ method, key, query }: S3Call) => method === 'PUT' && key !== '' && !query.has('partNumber')
  const isGet = ({ method, key }: S3Call) => method === 'GET' && key !== ''

  async function* stream(mebibytes: number): AsyncGenerator<Uint8Array> {
    for (let index = 0; index < mebibytes; index++) yield Buffer.alloc(mebibyte, index + 1)
  }

  it('makes the bucket once, and finds it the next time', async () => {
    expect([...server.buckets.keys()]).toEqual(['agola'])
    const again = await open()
    await again.put('a', Buffer.from('x'))
    again.close()
    expect([...server.buckets.keys()]).toEqual(['agola'])
  })

  it('writes small objects of known size in one request, up to 16 MiB', async () => {
    await objects.put('small', Buffer.from('x'))
    await objects.put('sixteen', stream(16), { sizeBytes: 16 * mebibyte })
    await objects.put('short-stream', stream(7))
    expect(server.calls.map(({ method }) => method)).toEqual(['PUT', 'PUT', 'PUT'])
  })

  it('writes large or longer objects in parts of 8 MiB', async () => {
    await objects.put('large', stream(20))
    expect(server.calls.filter(isPart)).toHaveLength(3)
    expect(server.buckets.get('agola')?.objects.get('large')?.bytes.length).toBe(20 * mebibyte)
    expect(server.unfinishedUploads()).toEqual([])
  })

  it('holds little of a stream in memory, however long it is', async () => {
    server.discard = true
    const held = await heldBytesOf(160, (source) => objects.put('huge', source))
    expect(held).toBeLessThan(16 * mebibyte)
  })

  describe.each<[string, S3Fault]>([
    ['answers 503', { status: 503, code: 'SlowDown' }],
    ['answers 500', { status: 500, code: 'InternalError' }],
    ['drops the connection before it works', 'dropBefore'],
    ['drops the connection after it worked', 'dropAfter'],
  ])('when the server %s', (_, fault) => {
    it('tries a small write again', async () => {
      failFirst(2, fault, isPut)
      await objects.put('a', Buffer.from('x'))
      expect(await textOf(objects, 'a')).toBe('x')
    })

    it('knows its own write again when the key had to be absent', async () => {
      failFirst(1, fault, isPut)
      await objects.put('a', Buffer.from('x'), { ifAbsent: true })
      await expectCode(objects.put('a', Buffer.from('x'), { ifAbsent: true }), 'objectExists')
    })

    it('tries a part again, and only that part', async () => {
      failFirst(2, fault, (call) => isPart(call) && call.query.get('partNumber') === '2')
      await objects.put('large', stream(20))
      expect(server.calls.filter(isPart)).toHaveLength(5)
      expect((await objects.stat('large')).sizeBytes).toBe(20 * mebibyte)
    })

    it('brings an upload in parts to its end', async () => {
      failFirst(1, fault, isComplete)
      await objects.put('large', stream(20), { ifAbsent: true })
      expect((await objects.stat('large')).sizeBytes).toBe(20 * mebibyte)
      expect(server.unfinishedUploads()).toEqual([])
    })

    it('tries reads and lists again', async () => {
      await objects.put('a', Buffer.from('x'))
      failFirst(2, fault, ({ method }) => method !== 'PUT')
      expect(await textOf(objects, 'a')).toBe('x')
      failFirst(2, fault, ({ method }) => method !== 'PUT')
      expect(await keysOf(objects, { prefix: '' })).toEqual(['a'])
      failFirst(2, fault, ({ method }) => method !== 'PUT')
      expect((await objects.stat('a')).sizeBytes).toBe(1)
    })
  })

  it('goes on reading where a connection broke', async () => {
    const body = Array.from({ length: 300_000 }, (_, index) => index).join(' ')
    await objects.put('a', Buffer.from(body))
    failFirst(3, 'truncate', isGet)
    expect(await textOf(objects, 'a')).toBe(body)
    expect(server.calls.filter(isGet)).toHaveLength(4)
    failFirst(2, 'truncate', isGet)
    expect(await textOf(objects, 'a', { start: 1000, end: 900_000 })).toBe(body.slice(1000, 900_000))
  })

  it('does not glue two versions of an object together', async () => {
    await objects.put('a', Buffer.alloc(mebibyte, 'a'))
    failFirst(1, 'truncate', isGet)
    const stream = await objects.get('a')
    await objects.put('a', Buffer.alloc(mebibyte, 'b'))
    await expectCode(stream.toArray(), 'storeUnreachable')
  })

  it('gives up on a server that stays away, and says so', async () => {
    server.fault = () => ({ status: 500, code: 'InternalError' })
    await expectCode(objects.stat('a'), 'storeUnreachable')
    await expectCode(objects.put('a', Buffer.from('x')), 'storeUnreachable')
    server.fault = () => undefined
    await expectCode(objects.stat('a'), 'objectDoesNotExist')
  })

  it('removes the parts of an upload that cannot be completed', async () => {
    failFirst(
      20,
      { status: 500, code: 'InternalError' },
      (call) => isPart(call) && call.query.get('partNumber') === '3',
    )
    await expectCode(objects.put('large', stream(40)), 'storeUnreachable')
    expect(server.unfinishedUploads()).toEqual([])
    await expectCode(objects.stat('large'), 'objectDoesNotExist')
  })

  it('sweeps parts whose process died, once they are a day old', async () => {
    server.buckets
      .get('agola')
      ?.uploads.set('old', { key: 'old', initiated: new Date(Date.now() - 25 * 3_600_000), parts: new Map() })
    server.buckets.get('agola')?.uploads.set('new', { key: 'new', initiated: new Date(), parts: new Map() })
    await objects.bucket.sweepUploads()
    expect(server.unfinishedUploads()).toEqual(['new'])
  })

  it('decides about absent keys itself where the server does not know the condition', async () => {
    for (const conditionalPut of ['refused', 'ignored'] as const) {
      server.conditionalPut = conditionalPut
      await objects.put(conditionalPut, Buffer.from('x'), { ifAbsent: true })
      await objects.put(`${conditionalPut}-large`, stream(20), { ifAbsent: true })
      await expectCode(objects.put(conditionalPut, Buffer.from('y'), { ifAbsent: true }), 'objectExists')
    }
    expect(server.unfinishedUploads()).toEqual([])
  })

  it('never takes a missing bucket for a missing object', async () => {
    server.buckets.clear()
    await expectCode(objects.get('a'), 'storeUnusable')
    await expectCode(objects.put('a', Buffer.from('x')), 'storeUnusable')
    await expectCode(objects.health(), 'storeUnusable')
    await expectCode(keysOf(objects, { prefix: '' }), 'storeUnusable')
    const other = await open()
    server.buckets.clear()
    // The bucket was seen a moment ago; after ten seconds a missing object makes it look again.
    await expectCode(other.stat('a'), 'objectDoesNotExist')
    other.close()
  })

  it.each([
    ['AccessDenied', 403],
    ['SignatureDoesNotMatch', 403],
    ['InvalidAccessKeyId', 403],
    ['RequestTimeTooSkewed', 403],
  ])('tells the user what to do about %s', async (code, status) => {
    server.fault = () => ({ status, code })
    const error: unknown = await objects.put('a', Buffer.from('x')).catch((caught: unknown) => caught)
    expect(error).toMatchObject({ code: 'storeUnusable', message: expect.stringMatching(/credentials|clocks/) })
    await expectCode(open(), 'storeUnusable')
  })

  it('says when the store is full or nobody answers', async () => {
    server.fault = () => ({ status: 507, code: 'InsufficientStorage' })
    await expectCode(objects.put('a', Buffer.from('x')), 'diskFull')
    server.fault = () => ({ status: 400, code: 'RequestTimeout' })
    await expectCode(objects.put('a', Buffer.from('x')), 'storeUnreachable')
    server.fault = () => undefined
    const gone = await S3Server.start()
    const endpoint = gone.endpoint
    await gone.stop()
    await expectCode(open({ endpoint }), 'storeUnreachable')
  })

  it.each(['localhost:9000', 'ftp://localhost', 'minio'])('refuses the endpoint %s', async (endpoint) => {
    await expectCode(open({ endpoint }), 'storeUnusable')
  })
})

import { afterEach, beforeEach, expect, test, vi } from 'vitest'
import { createLog, systemRandom } from '../../src/engine/adapters/system.ts'
import { ClusterStores } from '../../src/engine/cluster-stores.ts'
import { EtcdServer } from '../support/etcd-server.ts'
import { S3Server } from '../support/s3-server.ts'
import { SkippingClock } from '../support/skipping-clock.ts'

const quotaBytes = 16 * 1024 * 1024
const hourMs = 60 * 60_000
let etcd: EtcdServer
let s3: S3Server
let clock: SkippingClock
let told: string
const opened: ClusterStores[] = []

beforeEach(async () => {
  ;[etcd, s3] = await Promise.all([EtcdServer.start(['--quota-backend-bytes', String(quotaBytes)]), S3Server.start()])
  clock = new SkippingClock()
  told = ''
})
afterEach(async () => {
  for (const stores of opened.splice(0)) await stores.close()
  await Promise.all([etcd.destroy(), s3.stop()])
})

async function open(etcdOptions: { historyMs?: number } = {}): Promise<ClusterStores> {
  const stores = await ClusterStores.open({
    etcd: { endpoints: [etcd.endpoint], quotaBytes, ...etcdOptions },
    s3: { endpoint: s3.endpoint, bucket: 'agola', accessKeyId: 'key', secretAccessKey: 'secret' },
    clock,
    random: systemRandom,
    log: createLog('warn', (line) => {
      told += line
    }),
  })
  opened.push(stores)
  return stores
}

const put = ({ kv }: ClusterStores, key: string, bytes = 1) =>
  kv.txn({ then: [{ type: 'put', key, value: new Uint8Array(bytes) }] })

async function until(holds: () => boolean | Promise<boolean>): Promise<void> {
  while (!(await holds())) await new Promise((resolve) => setTimeout(resolve, 20))
}

test('history is compacted by whichever process has the lock, and by another one when that is closed', async () => {
  const [one, other] = [await open({ historyMs: 300 }), await open({ historyMs: 300 })]
  const { kv } = other
  const compactedTo = async (revision: bigint) => {
    await until(async () => {
      // Revisions are known by the time at which the store had them: it has to move.
      await put(other, 'moving')
      return (await kv.status()).compactRevision >= revision
    })
  }
  await compactedTo((await put(one, 'k')).revision)
  await opened.shift()?.close()
  await compactedTo((await put(other, 'k')).revision)
})

test('only one process compacts', async () => {
  const stores = [await open({ historyMs: 300 }), await open({ historyMs: 300 })]
  const compactions = stores.map(({ kv }) => vi.spyOn(kv, 'compact'))
  const counts = () => compactions.map(({ mock }) => mock.calls.length)
  await until(() => Math.max(...counts()) >= 5)
  expect(Math.min(...counts())).toBe(0)
})

test('a quota that is nearly used up is warned of, and a full store refuses with an error of its own that says the way out', async () => {
  const stores = await open()
  const valueBytes = 600_000
  for (let count = 0; count * valueBytes < 0.75 * quotaBytes; count++) {
    await put(stores, `k/${count}`, valueBytes)
    // The servers store in batches: a size that lags behind would let us pass the quota unseen.
    await until(async () => (await stores.kv.space()).sizeBytes >= (count + 1) * valueBytes)
  }
  await until(() => {
    clock.skip(61_000)
    return told.includes('more than 70 % of its quota')
  })
  expect(told).not.toContain('out of space')
  const fill = async () => {
    for (let index = 0; ; index++) await put(stores, `m/${index}`, 1_000_000)
  }
  await expect(fill()).rejects.toMatchObject({
    code: 'storeFull',
    kind: 'unavailable',
    message: expect.stringContaining('NOSPACE'),
  })
  await until(() => {
    clock.skip(61_000)
    return told.includes('etcd is out of space and refuses writes')
  })
  expect((await stores.kv.space()).isFull).toBe(true)
  expect((await stores.kv.get('k/0')).entry).not.toBeNull()
  const { revision } = await stores.kv.txn({ then: [{ type: 'deletePrefix', prefix: 'm/' }] })
  await stores.kv.compact(revision)
  // The servers compact in their own time; only what they have done by then can be defragmented away.
  await until(async () => {
    await etcd.makeRoom()
    return put(stores, 'after').then(
      () => true,
      () => false,
    )
  })
  expect((await stores.kv.space()).isFull).toBe(false)
})

test('what a dead upload left goes once it is a day old', async () => {
  await open()
  const uploads = s3.buckets.get('agola')?.uploads
  const startedAfter = (ms: number, key: string) =>
    uploads?.set(key, { key, initiated: new Date(Date.now() + ms), parts: new Map() })
  startedAfter(0, 'old')
  startedAfter(20 * hourMs, 'young')
  await until(() => s3.calls.some(({ query }) => query.has('uploads')))
  await until(() => {
    clock.skip(hourMs)
    return s3.unfinishedUploads().length < 2
  })
  expect(s3.unfinishedUploads()).toEqual(['young'])
})

test('neither store stays open when the other refuses', async () => {
  s3.fault = () => ({ status: 403, code: 'AccessDenied' })
  await expect(open()).rejects.toMatchObject({ code: 'storeUnusable' })
  s3.fault = () => undefined
  await put(await open(), 'a')
})

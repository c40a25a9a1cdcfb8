import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { EtcdKeyValueStore } from '../../src/engine/adapters/kv/etcd.ts'
import { openS3ObjectStorage, type S3ObjectStorage } from '../../src/engine/adapters/objects/s3.ts'
import { systemClock, systemRandom } from '../../src/engine/adapters/system.ts'
import type { DataManagerOptions } from '../../src/engine/datamanager/context.ts'
import { DataManager } from '../../src/engine/datamanager/data-manager.ts'
import { hasCode } from '../../src/engine/model/errors.ts'
import { contentOf, dataTypes, put, silentLog, textOf } from '../support/a-data-manager.ts'
import { checkStores } from '../support/data-manager-invariants.ts'
import { EtcdServer } from '../support/etcd-server.ts'
import { S3Server } from '../support/s3-server.ts'
import { SeededRandom } from '../support/seeded-random.ts'
import { SkippingClock } from '../support/skipping-clock.ts'
import { type DataManagerSubject, dataManagerContract } from './data-manager.ts'

let etcd: EtcdServer
let s3: S3Server
let count = 0

beforeAll(async () => {
  ;[etcd, s3] = await Promise.all([EtcdServer.start(), S3Server.start()])
  s3.pageSizeMax = 7
})
afterAll(async () => {
  await Promise.all([etcd.destroy(), s3.stop()])
})

/** A namespace of one server and a bucket of the other; a lost key-value store is another namespace. */
class Cluster implements DataManagerSubject {
  readonly objects: S3ObjectStorage
  kv: EtcdKeyValueStore
  readonly #clock = new SkippingClock()
  readonly #stores: EtcdKeyValueStore[]

  private constructor(objects: S3ObjectStorage, kv: EtcdKeyValueStore) {
    this.objects = objects
    this.kv = kv
    this.#stores = [kv]
  }

  static async make(): Promise<Cluster> {
    const access = { endpoint: s3.endpoint, accessKeyId: 'key', secretAccessKey: 'secret' }
    const bucket = `bucket-${count++}`
    const objects = await openS3ObjectStorage({ ...access, bucket, clock: systemClock, log: silentLog })
    return new Cluster(objects, await openKv(bucket))
  }

  async open(changes: Partial<DataManagerOptions> = {}): Promise<DataManager> {
    const [objects, clock] = [this.objects, this.#clock]
    const kv = this.kv
    return DataManager.open({ kv, objects, basePath: 'rundata', dataTypes, clock, random, log: silentLog, ...changes })
  }

  async loseKv(): Promise<void> {
    this.kv = await openKv(`lost-${count++}`)
    this.#stores.push(this.kv)
  }

  async pass(ms: number): Promise<void> {
    this.#clock.skip(ms)
  }

  async destroy(): Promise<void> {
    for (const store of this.#stores) await store.close()
    this.objects.close()
  }
}

const random = systemRandom

function openKv(name: string): Promise<EtcdKeyValueStore> {
  const namespace = `${name}/`
  return EtcdKeyValueStore.open({ endpoints: [etcd.endpoint], namespace, clock: systemClock, random })
}

dataManagerContract('etcd and S3', () => Cluster.make(), { modelRuns: 4 })

describe('a data manager on etcd and S3, of which nothing is reliable', () => {
  it('loses no acknowledged write when etcd is killed twice and S3 fails one call in ten; nothing synced when etcd loses all', async () => {
    const cluster = await Cluster.make()
    const faults = new SeededRandom(11)
    const kinds = [
      { status: 503, code: 'SlowDown' },
      { status: 500, code: 'InternalError' },
      'dropBefore',
      'dropAfter',
    ] as const
    s3.fault = () => (faults.fraction() < 0.1 ? kinds[faults.below(kinds.length)] : undefined)
    const settings = { fileBytesMax: 4000, checkpointWalsMin: 5, walsKept: 3 }
    const managers = await Promise.all([1, 2, 3].map(() => cluster.open(settings)))
    const acknowledged = new Map<string, string>()
    let kills: Promise<void> = Promise.resolve()
    const work = async (manager: DataManager, name: number) => {
      for (let index = 0; index < 40; index++) {
        const [id, text] = [`${name}-${index}`, `text ${'x'.repeat(200)}`]
        try {
          await manager.write([put(id, text)])
          acknowledged.set(`note/${id}`, text)
          if (index % 10 === 9) await manager.maintenance.step()
        } catch (error) {
          // A call that failed for good is told as such; whether it was done is then open.
          const isTold = (['outcomeUnknown', 'storeUnreachable', 'leaseLost', 'concurrentUpdate'] as const).some(
            (code) => hasCode(error, code),
          )
          if (!isTold) throw error
        }
        if (name === 0 && (index === 10 || index === 25))
          kills = kills.then(() => etcd.kill()).then(() => etcd.restart())
      }
    }
    await Promise.all(managers.map(work))
    await kills
    s3.fault = () => undefined
    expect(acknowledged.size).toBeGreaterThan(60)
    const fresh = await cluster.open(settings)
    expect(await contentOf(fresh)).toMatchObject(Object.fromEntries(acknowledged))
    await fresh.sync()
    await checkStores(cluster, settings.fileBytesMax)
    const before = await contentOf(fresh)
    await etcd.wipe()
    await etcd.restart()
    // Processes that have lived through it, with all they remember, are told so and find what is there now.
    await expect(textOf(fresh, '0-0')).rejects.toMatchObject({ code: 'notReady' })
    const restored = await cluster.open(settings)
    expect(await contentOf(restored)).toEqual(before)
    await restored.write([put('after', 'the loss')])
    for (const survivor of [fresh, ...managers]) expect(await textOf(survivor, 'after')).toBe('the loss')
    await checkStores(cluster, settings.fileBytesMax)
    for (const manager of [restored, fresh, ...managers]) await manager.close()
    await cluster.destroy()
  })
})

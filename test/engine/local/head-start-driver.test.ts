import { beforeEach, describe, expect, it } from 'vitest'
import { HeadStartDriver } from '../../../src/engine/local/head-start-driver.ts'
import type { HeadStartRecord } from '../../../src/engine/local/head-start-record.ts'
import { AgolaError } from '../../../src/engine/model/errors.ts'
import type { PodRequest } from '../../../src/engine/ports/pod-driver.ts'
import { aContainer, aPodRequest } from '../../support/docker-world.ts'
import { FakePodDriver } from '../../support/fake-pod-driver.ts'
import { SeededRandom } from '../../support/seeded-random.ts'

const record: HeadStartRecord = {
  repoUuid: 'r',
  request: { arch: '', containers: [aContainer('image')], labels: { 'agola.io/run': 'r/7' } },
}
const asRecorded = (overrides: Partial<PodRequest> = {}) =>
  aPodRequest([aContainer('image')], { labels: { 'agola.io/run': 'r/7' }, ...overrides })

describe('a head start', () => {
  let fake: FakePodDriver
  let remembered: HeadStartRecord[]
  let messages: string[]
  beforeEach(() => {
    fake = new FakePodDriver()
    remembered = []
    messages = []
  })
  const options = { onMessage: (line: string) => messages.push(line) }
  const start = (known: HeadStartRecord | null = record) =>
    new HeadStartDriver(fake, {
      known: Promise.resolve(known && { record: known, executorId: 'head' }),
      remember: async (next) => {
        remembered.push(next)
      },
      random: new SeededRandom(1),
    })
  const isMade = async () => {
    await new Promise(setImmediate)
    expect(fake.pods).toHaveLength(1)
  }
  const ends = async (driver: HeadStartDriver) => {
    await driver.close()
    expect(fake.violations).toEqual([])
    return fake.pods.map(({ id }) => id)
  }

  it('gives the pod that was made ahead, with what was said meanwhile, to the first request that asks for the same', async () => {
    const driver = start()
    const pod = await driver.createPod(asRecorded(), options)
    expect(fake.requests).toMatchObject([{ executorId: 'head', taskId: '', pull: 'never', podId: pod.id }])
    expect(messages).toEqual(['started image'])
    const other = await driver.createPod(asRecorded(), options)
    expect(other.id).not.toBe(pod.id)
    expect(fake.requests).toHaveLength(2)
    expect((await ends(driver)).sort()).toEqual([pod.id, other.id].sort())
  })

  it('counts among the pods that are expected, until it is taken', async () => {
    const driver = start()
    await isMade()
    driver.expectPods(5)
    expect(fake.expected).toBe(4)
    await driver.createPod(asRecorded(), options)
    driver.expectPods(5)
    expect(fake.expected).toBe(9)
    const without = start(null)
    without.expectPods(1)
    expect(fake.expected).toBe(10)
    await Promise.all([driver.close(), without.close()])
  })

  it('is remembered for the next run, which has the next number', async () => {
    const driver = start(null)
    await driver.createPod(asRecorded({ opening: { script: 's', parameters: [] } }), options)
    await driver.createPod(asRecorded(), options)
    await driver.close()
    expect(remembered).toEqual([
      {
        repoUuid: 'r',
        request: { ...record.request, labels: { 'agola.io/run': 'r/8' }, opening: { script: 's', parameters: [] } },
      },
    ])
  })

  it.each<[string, Partial<PodRequest>]>([
    ['another image', { containers: [aContainer('other')] }],
    ['another run', { labels: { 'agola.io/run': 'r/8' } }],
    ['another processor', { arch: 'arm64' }],
    ['another opening', { opening: { script: 's', parameters: [] } }],
    ['one container more', { containers: [aContainer('image'), aContainer('image')] }],
    ['a pod that is kept', { keepUntil: 1 }],
    ['images pulled always', { pull: 'always' }],
    ['credentials', { registriesAuth: { r: { type: 'basic', username: 'u', password: 'p', auth: '' } } }],
  ])('is taken back when the first request wants %s', async (_, overrides) => {
    const driver = start()
    await isMade()
    const pod = await driver.createPod(asRecorded(overrides), options)
    await new Promise(setImmediate)
    expect(fake.pods.map(({ id }) => id)).toEqual([pod.id])
    await driver.createPod(asRecorded({ podId: 'second' }), options)
    expect(await ends(driver)).toEqual([pod.id, 'second'])
  })

  it.each<[string, Partial<PodRequest>]>([
    ['values of containers', { containers: [aContainer('image', { environment: { A: 'secret' } })] }],
    ['privileges', { containers: [aContainer('image', { privileged: true })] }],
    ['credentials', { registriesAuth: { r: { type: 'basic', username: 'u', password: 'p', auth: '' } } }],
    ['a pod of no local run', { labels: {} }],
    ['a pod that is kept', { keepUntil: 1 }],
    ['images pulled always', { pull: 'always' }],
  ])('is not remembered with %s', async (_, overrides) => {
    fake.described.privilegedContainers = true
    const driver = start(null)
    await driver.createPod(asRecorded(overrides), options)
    await driver.close()
    expect(remembered).toEqual([])
  })

  it('leaves nothing when nobody asks for a pod', async () => {
    const driver = start()
    await isMade()
    expect(await ends(driver)).toEqual([])
  })

  it('leaves nothing when it is not even made', async () => {
    expect(await ends(start())).toEqual([])
  })

  it('that failed is as none', async () => {
    fake.fault = () => {
      if (fake.requests.length === 1) throw new AgolaError('imageUnavailable', 'not here')
    }
    const driver = start()
    await driver.createPod(asRecorded({ podId: 'own' }), options)
    expect(await ends(driver)).toEqual(['own'])
    expect(fake.requests).toHaveLength(2)
  })

  it('whose pod has ended is as none', async () => {
    const driver = start()
    await isMade()
    for (const { id } of fake.pods) fake.endPod(id, { reason: 'outOfMemory', exitCode: null })
    await driver.createPod(asRecorded({ podId: 'own' }), options)
    expect(await ends(driver)).toEqual(['own'])
  })

  it('is given up when whoever waits for it is stopped', async () => {
    fake.fault = (method) => (method === 'createPod' ? new Promise(() => undefined) : undefined)
    const driver = start()
    const stop = new AbortController()
    const creating = driver.createPod(asRecorded(), { ...options, signal: stop.signal })
    await new Promise(setImmediate)
    stop.abort(new Error('stopped'))
    await expect(creating).rejects.toThrow('stopped')
    expect(await ends(driver)).toEqual([])
  })
})

import { expect, test } from 'vitest'
import { EtcdQuota } from '../../../../src/engine/adapters/kv/etcd-quota.ts'
import { SimClock } from '../../../support/sim-clock.ts'

const { signal } = new AbortController()

function world() {
  const clock = new SimClock()
  const told: string[] = []
  const tell = (level: string) => (message: string) => told.push(`${level}: ${message}`)
  const log = { debug: tell('debug'), info: tell('info'), warn: tell('warn'), error: tell('error') }
  const space = { sizeBytes: 100, usedBytes: 90, isFull: false }
  const quota = new EtcdQuota({ store: { space: async () => space }, clock, log, quotaBytes: 1000 })
  const after = async (minutes: number, change: Partial<typeof space> = {}) => {
    Object.assign(space, change)
    for (let minute = 0; minute < minutes; minute++) {
      await quota.step(signal)
      await clock.advance(60_000)
    }
    return told.splice(0)
  }
  return { after }
}

test('warns once an hour while more than seven tenths of the quota are used, and tells when there is room again', async () => {
  const { after } = world()
  expect(await after(5)).toEqual([])
  expect(await after(30, { sizeBytes: 701, usedBytes: 650 })).toEqual([expect.stringMatching(/^warn: .*70 %.*Raise/)])
  expect(await after(60)).toHaveLength(1)
  expect(await after(5, { sizeBytes: 650 })).toEqual([expect.stringMatching(/^info: .*room again/)])
})

test('says that a defragmentation is enough where most of the file is free inside', async () => {
  expect(await world().after(1, { sizeBytes: 900, usedBytes: 100 })).toEqual([expect.stringContaining('defragment')])
})

test('tells at once, as an error with the way out, when the alarm is up', async () => {
  const { after } = world()
  await after(2, { sizeBytes: 800 })
  expect(await after(2, { isFull: true })).toEqual([expect.stringMatching(/^error: .*out of space.*NOSPACE/)])
})

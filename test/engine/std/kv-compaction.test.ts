import { expect, test } from 'vitest'
import { MemoryKeyValueStore } from '../../../src/engine/adapters/kv/memory.ts'
import { KvCompaction } from '../../../src/engine/std/kv-compaction.ts'
import { SeededRandom } from '../../support/seeded-random.ts'
import { SimClock } from '../../support/sim-clock.ts'

const minuteMs = 60_000

function world() {
  const clock = new SimClock()
  const store = new MemoryKeyValueStore({ clock, random: new SeededRandom(1) })
  const compaction = (client = store.another()) =>
    new KvCompaction({ store: client, clock, lockKey: 'compaction', keepMs: 15 * 60_000 })
  const write = async () => (await store.txn({ then: [{ type: 'put', key: 'k', value: new Uint8Array() }] })).revision
  return { clock, store, compaction, write }
}

test('keeps fifteen minutes of history and deletes what is older', async () => {
  const { clock, store, compaction, write } = world()
  const one = compaction()
  const revisions: bigint[] = []
  for (let minute = 0; minute < 40; minute++) {
    revisions.push(await write())
    await one.step(new AbortController().signal)
    await clock.advance(minuteMs)
  }
  const { compactRevision } = await store.status()
  expect(compactRevision).toBeLessThanOrEqual(revisions[24] ?? 0n)
  expect(compactRevision).toBeGreaterThanOrEqual(revisions[22] ?? 0n)
  await one.close()
})

test('one process does it, and another goes on when that one is gone, without deleting more than it has seen grow old', async () => {
  const { clock, store, compaction, write } = world()
  const client = store.another()
  const [first, second] = [compaction(client), compaction()]
  const run = async (minutes: number) => {
    for (let minute = 0; minute < minutes; minute++) {
      await write()
      if (!isGone) await first.step(new AbortController().signal)
      await second.step(new AbortController().signal)
      await clock.advance(minuteMs)
    }
    return (await store.status()).compactRevision
  }
  let isGone = false
  const before = await run(20)
  expect(before).toBeGreaterThan(0n)
  isGone = true
  await client.close()
  await clock.advance(10_000)
  expect(await run(14)).toBe(before)
  expect(await run(6)).toBeGreaterThan(before)
  await second.close()
})

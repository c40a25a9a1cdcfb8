import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { EtcdKeyValueStore, type EtcdKeyValueStoreOptions } from '../../../../src/engine/adapters/kv/etcd.ts'
import { systemClock, systemRandom } from '../../../../src/engine/adapters/system.ts'
import type { KeyValueStore, WatchEvent } from '../../../../src/engine/ports/key-value-store.ts'
import { tryLock } from '../../../../src/engine/std/kv-lock.ts'
import { EtcdServer } from '../../../support/etcd-server.ts'
import { complaintAbout, type KvOperation, workOn } from '../../../support/kv-history.ts'
import { SeededRandom } from '../../../support/seeded-random.ts'

let members: EtcdServer[]
const stores: EtcdKeyValueStore[] = []

beforeEach(async () => {
  members = await EtcdServer.startCluster(3)
  await leader()
})
afterEach(async () => {
  for (const store of stores.splice(0)) await store.close()
  await Promise.all(members.map((member) => member.destroy()))
})

/** Beginning with the member `first`, which is the one that is used until it fails. */
async function open(first: number, options: Partial<EtcdKeyValueStoreOptions> = {}): Promise<EtcdKeyValueStore> {
  const endpoints = members.map((_, at) => members[(first + at) % members.length]?.endpoint ?? '')
  const store = await EtcdKeyValueStore.open({ endpoints, clock: systemClock, random: systemRandom, ...options })
  stores.push(store)
  return store
}

async function leader(): Promise<EtcdServer> {
  for (;;) {
    const leads = await Promise.all(members.map((member) => member.isLeader()))
    const found = members[leads.indexOf(true)]
    if (found !== undefined) return found
    await new Promise((resolve) => setTimeout(resolve, 50))
  }
}

const put = (store: KeyValueStore, key: string) => store.txn({ then: [{ type: 'put', key, value: new Uint8Array() }] })
const revisionOf = (event: WatchEvent) => (event.type === 'put' ? event.entry.modRevision : event.modRevision)

async function revisionsUntil(store: KeyValueStore, prefix: string, from: bigint): Promise<bigint[]> {
  const revisions: bigint[] = []
  for await (const { events } of store.watch({ prefix, from })) {
    revisions.push(...events.map(revisionOf))
    if (events.some((event) => event.type === 'put' && event.entry.key === `${prefix}end`)) return revisions
  }
  return revisions
}

/** Clients at all members, whose history is looked through while `disturb` works on the members. */
async function withstand(disturb: (hasDone: (operations: number) => Promise<void>) => Promise<void>): Promise<void> {
  const clients = await Promise.all([0, 1, 2, 0, 1, 2].map((first) => open(first, { requestMsMax: 3000 })))
  const watchers = await Promise.all([0, 1, 2].map((first) => open(first, { silenceMsMax: 1000 })))
  const [first] = clients
  if (first === undefined) throw new Error('There is no client.')
  const held = await tryLock(first, 'lock', { clock: systemClock, ttlMs: 10_000 })
  const { revision } = await put(first, 'begin')
  const watched = watchers.map((store) => revisionsUntil(store, 'h/', revision + 1n))
  const history: KvOperation[] = []
  let waiting: { operations: number; resolve: () => void }[] = []
  const record = (operation: KvOperation, phase: string) => {
    if (phase === 'start') history.push(operation)
    const reached = waiting.filter(({ operations }) => history.length >= operations)
    waiting = waiting.filter((one) => !reached.includes(one))
    for (const { resolve } of reached) resolve()
  }
  const hasDone = (operations: number) => new Promise<void>((resolve) => waiting.push({ operations, resolve }))
  const work = { keys: ['h/x', 'h/y', 'h/z'], count: 30, now: () => performance.now() }
  await Promise.all([
    disturb(hasDone),
    ...clients.map((store, at) => workOn({ store, random: new SeededRandom(at), name: `${at}` }, work, record)),
  ])
  expect(complaintAbout(history)).toBeNull()
  await put(first, 'h/end')
  const acknowledged = history.filter(({ input, output }) => input.type === 'set' && output?.succeeded)
  expect(acknowledged.length).toBeGreaterThan(20)
  const [one, ...others] = await Promise.all(watched)
  // Every revision once for each of its keys, in order, and the same to every watcher wherever it was.
  expect(one).toEqual(one?.toSorted((a, b) => Number(a - b)))
  for (const other of others) expect(other).toEqual(one)
  for (const { revision: written } of acknowledged) expect(one).toContain(written)
  expect(held?.lost.aborted).toBe(false)
  const { succeeded } = await first.txn({ compare: held ? [held.fence] : [], then: [] })
  expect(succeeded).toBe(true)
  await held?.release()
}

describe('a cluster of three members', () => {
  test('loses its leader to kill -9, twice: no acknowledged write, no watch and no lease is lost with it', async () => {
    await withstand(async (hasDone) => {
      await hasDone(40)
      const killed = await leader()
      await killed.kill()
      await hasDone(90)
      await leader()
      await killed.restart()
      await hasDone(120)
      await (await leader()).kill()
    })
  })

  test('has a leader that hangs without dying: its clients and watchers go on with the others', async () => {
    await withstand(async (hasDone) => {
      await hasDone(60)
      const hanging = await leader()
      await hanging.pause()
      await hasDone(140)
      hanging.resume()
    })
  })

  test('serves nothing without a majority, and what it did not acknowledge happened once or never', async () => {
    await withstand(async (hasDone) => {
      await hasDone(50)
      const leading = await leader()
      const gone = [leading, ...members.filter((member) => member !== leading).slice(1)]
      await Promise.all(gone.map((member) => member.kill()))
      await expect(open(0, { requestMsMax: 500 })).rejects.toMatchObject({ code: 'storeUnreachable' })
      await Promise.all(gone.map((member) => member.restart()))
    })
  })
})

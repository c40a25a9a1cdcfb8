import { isDeepStrictEqual } from 'node:util'
import { describe, expect, it } from 'vitest'
import type { DataManager } from '../../../src/engine/datamanager/data-manager.ts'
import {
  chunksOf,
  contentOf,
  DataManagerWorld,
  exportOf,
  indexKeysOf,
  indexOf,
  keysIn,
  put,
  remove,
} from '../../support/a-data-manager.ts'
import { Crash, CrashPlan, crashingKv, crashingObjects } from '../../support/crashing-ports.ts'
import { checkStores } from '../../support/data-manager-invariants.ts'

type Content = Record<string, string>

/** What a client knows: the content after each write that was begun, how many were answered, how many object storage must have. */
interface Knowledge {
  states: Content[]
  answered: number
  stored: number
}

const fileBytesMax = 2000
const imported = [
  { agola_export: 1 },
  { id: 'i1', data_type: 'note', data: Buffer.from('imported 1').toString('base64') },
  { id: 'i2', data_type: 'note', data: Buffer.from('imported 2').toString('base64') },
  { entries: 2 },
]

/** The rows of the crash matrix (spec/storage.md 6), as moments at the ports between which a process can die. */
const namedPoints: Record<string, RegExp> = {
  'wal: after the data object': /^after put rundata\/wals\/data/,
  'wal: before the transaction': /^before txn datamanager\/walsdata datamanager\/wals/,
  'wal: after the transaction': /^after txn datamanager\/walsdata datamanager\/wals/,
  'sync: after the header': /^after put rundata\/wals\/status/,
  'sync: before the watermark': /^before txn datamanager\/lastcommittedstoragewalseq$/,
  'sync: after the watermark': /^after txn datamanager\/lastcommittedstoragewalseq$/,
  'checkpoint: after taking its sequence': /^after txn datamanager\/checkpointseq$/,
  'checkpoint: between data files': /^after put rundata\/data\/note\/.*\.data$/,
  'checkpoint: between index and data file': /^after put rundata\/data\/note\/.*\.index$/,
  'checkpoint: after the status, before the pointer': /^before txn datamanager\/snapshot$/,
  'checkpoint: after the pointer': /^after txn datamanager\/snapshot$/,
  'clean: amid the wals of the key-value store': /^after txn datamanager\/wals/,
  'clean: between status and files': /^after delete rundata\/data\/.*\.status$/,
  'clean: amid files': /^after delete rundata\/data\/note\//,
  'clean: between wal data and header': /^after delete rundata\/wals\/data/,
  'clean: after the wal header': /^after delete rundata\/wals\/status/,
  'initialise: before the transaction':
    /^before txn datamanager\/walsdata datamanager\/wals\/\S+ datamanager\/snapshot datamanager\/lastcommitted/,
  'initialise: after the transaction':
    /^after txn datamanager\/walsdata datamanager\/wals\/\S+ datamanager\/snapshot datamanager\/lastcommitted/,
  'import: before the switch': /^before txn datamanager\/walsdata datamanager\/wals\/\S+ datamanager\/snapshot$/,
  'import: after the switch': /^after txn datamanager\/walsdata datamanager\/wals\/\S+ datamanager\/snapshot$/,
  'begin: after the first transaction': /^after txn datamanager\/walsdata$/,
}

async function open(world: DataManagerWorld, plan: CrashPlan): Promise<DataManager> {
  const { kv, objects } = world.options()
  return world.open({ kv: crashingKv(kv, plan), objects: crashingObjects(objects, plan), fileBytesMax, walsKept: 1 })
}

/** A life with everything in it. What is answered before a crash is noted. */
async function live(world: DataManagerWorld, plan: CrashPlan, known: Knowledge): Promise<void> {
  const manager = await open(world, plan)
  const step = async (state: Content, work: () => Promise<unknown>): Promise<void> => {
    known.states.push(state)
    await work()
    known.answered = known.states.length - 1
  }
  let content: Content = {}
  const write = (changes: Content, removed: string[] = []): Promise<void> => {
    content = Object.fromEntries(Object.entries({ ...content, ...changes }).filter(([key]) => !removed.includes(key)))
    const puts = Object.entries(changes).map(([key, text]) => put(key.slice('note/'.length), text))
    return step(content, () => manager.write([...puts, ...removed.map((key) => remove(key.slice('note/'.length)))]))
  }
  const store = async (): Promise<void> => {
    await manager.sync()
    known.stored = known.answered
  }
  const many = (text: string, count: number): Content =>
    Object.fromEntries(Array.from({ length: count }, (_, at) => [`note/n${at}`, `${text} ${'x'.repeat(400)}`]))
  await write(many('a', 7))
  await store()
  await write({ 'note/n1': 'changed', 'note/m': 'new' }, ['note/n2'])
  await manager.checkpoint({ force: true })
  known.stored = known.answered
  await write({ 'note/large': `large ${'y'.repeat(270_000)}` })
  await write({ 'note/n3': 'b' }, ['note/m'])
  await manager.checkpoint({ force: true })
  known.stored = known.answered
  for (const text of ['c', 'd', 'e']) {
    await write(many(text, 4), ['note/large'])
    await manager.checkpoint({ force: true })
    known.stored = known.answered
  }
  await manager.clean()
  await write({ 'note/z': 'before the import' })
  content = { 'note/i1': 'imported 1', 'note/i2': 'imported 2' }
  await step(content, () => manager.import(chunksOf(imported.map((line) => `${JSON.stringify(line)}\n`).join(''))))
  known.stored = known.answered
  await write({ 'note/after': 'the import' })
  await store()
  await write({ 'note/last': 'never synced' })
  await manager.close()
}

/** All that a new process does until everything is in order again. */
async function recover(world: DataManagerWorld, plan: CrashPlan): Promise<void> {
  await world.clock.advance(20_000)
  const manager = await open(world, plan)
  await manager.sync()
  await manager.checkpoint({ force: true })
  await manager.clean()
  await manager.close()
}

async function untilCrash(work: Promise<void>): Promise<void> {
  await work.catch((error: unknown) => {
    const isCrash = error instanceof Crash || (error instanceof Error && error.cause instanceof Crash)
    if (!isCrash) throw error
  })
}

/** The content must be that of a moment not before the last answer, and everything derived from it must fit. */
async function check(world: DataManagerWorld, known: Knowledge, oldest: number): Promise<number> {
  await checkStores(world, fileBytesMax)
  const manager = await open(world, new CrashPlan(Number.POSITIVE_INFINITY))
  const content = await contentOf(manager)
  const possible = known.states.slice(oldest)
  expect(possible).toContainEqual(content)
  expect(await indexKeysOf(manager)).toEqual(indexOf(content))
  await manager.close()
  return oldest + possible.findLastIndex((state) => isDeepStrictEqual(state, content))
}

/** When all is quiet and the grace is over, nothing is left that nobody names (I22), and a fresh start finds the same. */
async function checkTidy(world: DataManagerWorld, known: Knowledge): Promise<void> {
  await world.clock.advance(2 * 3_600_000)
  const manager = await open(world, new CrashPlan(Number.POSITIVE_INFINITY))
  await manager.write([put('tidy', 'x')])
  await manager.checkpoint({ force: true })
  await manager.clean({ orphans: true })
  const before = await exportOf(manager)
  const status = await manager.dataStatus()
  await manager.close()
  const files = await keysIn(world, 'rundata/data/note/')
  const makers = new Set((await keysIn(world, 'rundata/data/')).filter((key) => key.endsWith('.status')))
  expect(makers.size).toBeLessThanOrEqual(3)
  expect(files.length).toBeLessThanOrEqual(2 * 3 * 8)
  expect((await keysIn(world, 'rundata/wals/data/')).length).toBe((await keysIn(world, 'rundata/wals/status/')).length)
  world.loseKv()
  await world.clock.advance(1000)
  const restored = await open(world, new CrashPlan(Number.POSITIVE_INFINITY))
  expect(await exportOf(restored)).toBe(before)
  expect((await restored.dataStatus()).walSequence > status.walSequence).toBe(true)
  await restored.close()
  expect(known.states.length).toBeGreaterThan(0)
}

async function liveUntil(
  at: number,
  seed = 1,
): Promise<{ world: DataManagerWorld; plan: CrashPlan; known: Knowledge }> {
  const world = new DataManagerWorld(seed)
  const plan = new CrashPlan(at)
  const known: Knowledge = { states: [{}], answered: 0, stored: 0 }
  await untilCrash(live(world, plan, known))
  return { world, plan, known }
}

async function momentsOfLife(): Promise<number> {
  const { plan } = await liveUntil(Number.POSITIVE_INFINITY)
  return plan.moments.length
}

describe('a crash', () => {
  it('at any moment loses no answered write, shows no half of one, and leaves nothing behind', async () => {
    const moments = await momentsOfLife()
    for (let at = 0; at < moments; at++) {
      const { world, known } = await liveUntil(at)
      const found = await check(world, known, known.answered)
      await recover(world, new CrashPlan(Number.POSITIVE_INFINITY))
      expect(await check(world, known, found)).toBe(found)
      await checkTidy(world, known)
    }
  })

  it('at any moment, together with the key-value store, loses nothing that object storage was said to have', async () => {
    const moments = await momentsOfLife()
    for (let at = 0; at < moments; at++) {
      const { world, known } = await liveUntil(at)
      world.loseKv()
      await world.clock.advance(1000)
      const found = await check(world, known, known.stored)
      await recover(world, new CrashPlan(Number.POSITIVE_INFINITY))
      expect(await check(world, known, found)).toBe(found)
      await checkTidy(world, known)
    }
  })

  it.each([
    { loses: false, what: 'from a crash' },
    { loses: true, what: 'from the loss of the key-value store' },
  ])(
    'during the recovery $what, at every pair of a named point and a moment, changes nothing either',
    async ({ loses }) => {
      const { plan } = await liveUntil(Number.POSITIVE_INFINITY)
      for (const pattern of Object.values(namedPoints)) {
        const at = plan.moments.findLastIndex((moment) => pattern.test(moment))
        for (let second = 0, isOver = at < 0; !isOver; second++) {
          const { world, known } = await liveUntil(at)
          if (loses) world.loseKv()
          await world.clock.advance(1000)
          const recovery = new CrashPlan(second)
          await untilCrash(recover(world, recovery))
          isOver = !recovery.crashed
          // Lost once more, every other time.
          if (loses && second % 2 === 0) world.loseKv()
          await world.clock.advance(1000)
          const found = await check(world, known, loses ? known.stored : known.answered)
          await recover(world, new CrashPlan(Number.POSITIVE_INFINITY))
          expect(await check(world, known, found)).toBe(found)
          await checkTidy(world, known)
        }
      }
    },
  )

  it('has been tried at every named point of the design', async () => {
    const { world, plan } = await liveUntil(Number.POSITIVE_INFINITY)
    world.loseKv()
    await world.clock.advance(1000)
    const recovery = new CrashPlan(Number.POSITIVE_INFINITY)
    await recover(world, recovery)
    const moments = [...plan.moments, ...recovery.moments]
    const missing = Object.entries(namedPoints).filter(([, pattern]) => !moments.some((moment) => pattern.test(moment)))
    expect(missing.map(([name]) => name)).toEqual([])
  })
})

import fc from 'fast-check'
import { expect } from 'vitest'
import type { DataManager } from '../../src/engine/datamanager/data-manager.ts'
import { chunksOf, contentOf, exportOf, indexKeysOf, indexOf, put, remove, textOf } from '../support/a-data-manager.ts'
import { checkStores } from '../support/data-manager-invariants.ts'
import type { DataManagerSubject } from './data-manager.ts'

const fileBytesMax = 10 * 1024
const idOf = (number: number) => `n${String(number).padStart(3, '0')}`

type Step =
  | { do: 'put'; from: number; count: number; size: number }
  | { do: 'delete'; from: number; count: number }
  | { do: 'sync' | 'checkpoint' | 'clean' | 'reopen' | 'other' | 'loseKv' | 'exportImport' | 'hours' }

const steps: fc.Arbitrary<Step> = fc.oneof(
  {
    weight: 6,
    arbitrary: fc.record({
      do: fc.constant('put' as const),
      from: fc.nat(200),
      count: fc.integer({ min: 1, max: 30 }),
      size: fc.nat(1500),
    }),
  },
  {
    weight: 3,
    arbitrary: fc.record({
      do: fc.constant('delete' as const),
      from: fc.nat(200),
      count: fc.integer({ min: 1, max: 60 }),
    }),
  },
  {
    weight: 5,
    arbitrary: fc.record({ do: fc.constantFrom('checkpoint' as const, 'sync', 'clean', 'reopen', 'other') }),
  },
  { weight: 1, arbitrary: fc.record({ do: fc.constantFrom('loseKv' as const, 'exportImport', 'hours') }) },
)

/** Random sequences of everything that can be done, compared with a plain map after each step (spec/storage.md 15.4). */
export async function dataManagerModel(makeSubject: () => Promise<DataManagerSubject>, numRuns: number): Promise<void> {
  const property = fc.asyncProperty(fc.array(steps, { minLength: 5, maxLength: 40 }), async (sequence) => {
    const subject = await makeSubject()
    try {
      await perform(subject, sequence)
    } finally {
      await subject.destroy()
    }
  })
  await fc.assert(property, { numRuns, endOnFailure: numRuns < 10 })
}

async function perform(subject: DataManagerSubject, sequence: readonly Step[]): Promise<void> {
  const managers: DataManager[] = []
  const reopen = async (): Promise<void> => {
    for (const old of managers.splice(0)) await old.close()
    for (let at = 0; at < 2; at++) managers.push(await subject.open({ fileBytesMax, walsKept: 2 }))
  }
  await reopen()
  let model: Record<string, string> = {}
  let synced: Record<string, string> = {}
  let lastWal = ''
  for (const step of sequence) {
    const manager = managers[0]
    if (manager === undefined) throw new Error('no manager')
    if (step.do === 'put' || step.do === 'delete') model = await change(manager, model, step)
    else if (step.do === 'other') managers.reverse()
    else if (step.do === 'sync') await manager.sync()
    else if (step.do === 'checkpoint') await manager.checkpoint({ force: true })
    else if (step.do === 'clean') await manager.clean({ orphans: true })
    else if (step.do === 'hours') await subject.pass(2 * 3_600_000)
    else if (step.do === 'reopen') await reopen()
    else if (step.do === 'exportImport') {
      const before = await exportOf(manager)
      await manager.import(chunksOf(before))
      expect(await exportOf(manager)).toBe(before)
    } else {
      // Only what object storage has survives the loss of the key-value store.
      await subject.loseKv()
      await subject.pass(1000)
      model = synced
      await reopen()
    }
    if (bringsToStorage(step)) synced = model
    if (bringsToStorage(step) || step.do === 'clean') for (const one of managers) await one.maintenance.close()
    await compare(managers, model)
    await checkStores(subject, fileBytesMax)
    const now = (await managers[0]?.lastWal()) ?? ''
    expect(now >= lastWal).toBe(true)
    lastWal = now
  }
  for (const manager of managers) await manager.close()
}

function bringsToStorage({ do: what }: Step): boolean {
  return what === 'sync' || what === 'checkpoint' || what === 'exportImport' || what === 'loseKv'
}

async function change(
  manager: DataManager,
  model: Record<string, string>,
  step: Extract<Step, { from: number }>,
): Promise<Record<string, string>> {
  const ids = Array.from({ length: step.count }, (_, at) => idOf(step.from + at))
  const changed = { ...model }
  if (step.do === 'delete') {
    await manager.write(ids.map((id) => remove(id)))
    for (const id of ids) delete changed[`note/${id}`]
    return changed
  }
  const text = (id: string) => `w${(step.size * 7) % 5} ${id} ${'x'.repeat(step.size)}`
  await manager.write(ids.map((id) => put(id, text(id))))
  for (const id of ids) changed[`note/${id}`] = text(id)
  return changed
}

async function compare(managers: readonly DataManager[], model: Record<string, string>): Promise<void> {
  for (const manager of managers) {
    expect(await contentOf(manager)).toEqual(model)
    expect(await indexKeysOf(manager)).toEqual(indexOf(model))
    for (const id of ['n000', 'n050', 'n120', 'n229'])
      expect(await textOf(manager, id)).toBe(model[`note/${id}`] ?? null)
  }
}

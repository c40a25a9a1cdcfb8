import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import fc from 'fast-check'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import type { RunPhase, RunResult } from '../../../../src/engine/model/run.ts'
import type { RunQuery, RunSummary } from '../../../../src/engine/ports/run-service.ts'
import type { RunTable, RunTablePart, RunTablePosition } from '../../../../src/engine/ports/run-tables.ts'
import { listOf } from '../../../../src/engine/runservice/run-summary.ts'
import { runTables } from '../../../support/a-read-model.ts'

let directory: string
beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), 'agola-tables-'))
})
afterEach(() => rm(directory, { recursive: true }))

const position: RunTablePosition = { storeId: 's', revision: 7n, generation: 'g', lastWal: 'w' }

function aRun(sequence: number, given: Partial<RunSummary> = {}): RunSummary {
  const times = { enqueueTime: sequence, startTime: null, endTime: null }
  const id = `id-${sequence}`
  const group = '/user/u1/branch/main'
  return {
    id,
    name: 'run',
    counter: sequence,
    sequence,
    group,
    annotations: {},
    phase: 'finished',
    result: 'success',
    ...times,
    ...given,
  }
}

async function aTable(runs: RunSummary[], part: RunTablePart = 'archive'): Promise<RunTable> {
  const table = await runTables(directory).create()
  await table.change(
    runs.map((run) => ({ type: 'put', part, run })),
    position,
  )
  await table.publish()
  return table
}

const sequencesOf = (table: RunTable, query: RunQuery = {}) =>
  table.read(async (reader) => (await reader.list(query)).runs.map(({ sequence }) => sequence))

describe('a table of runs', () => {
  it('lists what a query asks for, as a look at every run would', async () => {
    const group = fc.constantFrom(
      '/user/u1',
      '/user/u1/',
      '/user/u1/branch/a',
      '/user/u1/branch/ab',
      '/user/u1/branch/a/b',
      '/user/u10',
      '/user',
      '/user/u1//x',
      '/',
    )
    const phase = fc.constantFrom<RunPhase>('queued', 'running', 'finished', 'cancelled', 'setuperror')
    const result = fc.constantFrom<RunResult>('unknown', 'success', 'failed', 'stopped')
    const ref = fc.constantFrom('refs/heads/a', 'refs/heads/b')
    const shape = fc.record({
      group: group.filter((path) => path.split('/').length > 2 && !path.endsWith('/')),
      phase,
      result,
      ref,
    })
    const query = fc.record(
      {
        groups: fc.array(group, { maxLength: 3 }),
        phases: fc.array(phase, { minLength: 1, maxLength: 2 }),
        results: fc.array(result, { minLength: 1, maxLength: 2 }),
        ref,
        after: fc.nat(12),
        ascending: fc.boolean(),
        limit: fc.integer({ min: 1, max: 5 }),
      },
      { requiredKeys: [] },
    )
    const property = fc.asyncProperty(
      fc.array(shape, { maxLength: 12 }),
      fc.array(query, { minLength: 1, maxLength: 20 }),
      async (shapes, asked) => {
        const runs = shapes.map(({ ref: name, ...shaped }, at) =>
          aRun(at + 1, { ...shaped, annotations: { ref: name } }),
        )
        const table = await aTable([])
        const isActive = ({ phase: state, sequence }: RunSummary) =>
          state === 'queued' || state === 'running' || sequence % 3 === 0
        await table.change(
          runs.map((run) => ({ type: 'put', part: isActive(run) ? 'active' : 'archive', run })),
          position,
        )
        for (const each of asked) expect(await table.read((reader) => reader.list(each))).toEqual(listOf(runs, each))
        await table.close()
      },
    )
    await fc.assert(property, { numRuns: 60 })
  })

  it('lists a run that is active and archived once, as the active one, and then as the archived one', async () => {
    const table = await aTable([aRun(1), aRun(2)])
    await table.change(
      [{ type: 'put', part: 'active', run: aRun(2, { phase: 'running', result: 'unknown' }) }],
      position,
    )
    const phases = () => table.read(async (reader) => (await reader.list({})).runs.map(({ phase }) => phase))
    expect(await phases()).toEqual(['running', 'finished'])
    expect(await sequencesOf(table, { phases: ['finished'] })).toEqual([1])
    await table.change([{ type: 'delete', part: 'active', id: 'id-2' }], position)
    expect(await phases()).toEqual(['finished', 'finished'])
    await table.change([{ type: 'delete', part: 'archive', id: 'id-2' }], position)
    expect(await sequencesOf(table)).toEqual([1])
    await table.close()
  })

  it('shows one moment to who reads, whatever is written meanwhile', async () => {
    const table = await aTable([aRun(1)])
    const seen = await table.read(async (reader) => {
      const before = (await reader.list({})).runs.length
      await table.change([{ type: 'put', part: 'archive', run: aRun(2) }], position)
      expect(await sequencesOf(table)).toEqual([2, 1])
      return [before, (await reader.list({})).runs.length]
    })
    expect(seen).toEqual([1, 1])
    await table.close()
  })

  it('takes the signal of who reads once, for everything that is read', async () => {
    const table = await aTable([aRun(1)])
    const abort = new AbortController()
    const reason = new Error('nobody waits for it')
    const reading = table.read(
      async (reader) => {
        await reader.list({})
        abort.abort(reason)
        await reader.list({})
        throw new Error('it went on')
      },
      { signal: abort.signal },
    )
    await expect(reading).rejects.toBe(reason)
    const begun: string[] = []
    const late = table.read(async () => begun.push('work'), { signal: abort.signal })
    await expect(late).rejects.toBe(reason)
    expect(begun).toEqual([])
    await table.close()
  })

  it('waits for who reads before it closes, and lets nobody begin after', async () => {
    const table = await aTable([aRun(1)])
    const isRead = Promise.withResolvers<void>()
    const reading = table.read(async (reader) => {
      await isRead.promise
      return (await reader.list({})).runs.length
    })
    const closing = table.close()
    await expect(sequencesOf(table)).rejects.toMatchObject({ code: 'storeUnusable' })
    isRead.resolve()
    expect(await reading).toBe(1)
    await closing
  })

  it('makes all changes of a step or none', async () => {
    const table = await aTable([aRun(1)])
    const broken = { ...aRun(3), sequence: undefined as unknown as number }
    const changes = [aRun(2), broken].map((run) => ({ type: 'put', part: 'archive', run }) as const)
    await expect(table.change(changes, { ...position, revision: 8n })).rejects.toMatchObject({ code: 'storeUnusable' })
    expect(await sequencesOf(table)).toEqual([1])
    expect(table.position).toEqual(position)
    await table.close()
  })

  it('reads of a list no run that it does not show', async () => {
    const table = await aTable([])
    await table.close()
    const [file = ''] = await readdir(directory)
    const db = new DatabaseSync(join(directory, file))
    const plan = (where: string) =>
      db
        .prepare(`EXPLAIN QUERY PLAN SELECT id FROM run WHERE is_active = 0 ${where} ORDER BY sequence DESC LIMIT 51`)
        .all()
        .map(({ detail }) => String(detail))
        .join()
    for (const [where, index] of [
      ['', 'run_by_sequence'],
      ["AND root = 'r' AND path >= 'a' AND path < 'b'", 'run_by_root'],
      ["AND place = 'p' AND path >= 'a' AND path < 'b' AND phase IN ('finished', 'cancelled')", 'run_by_place'],
      ["AND root = 'r' AND place = 'p' AND ref = 'x'", 'run_by_ref'],
    ] as const) {
      expect(plan(where)).toContain(index)
      expect(plan(where)).not.toContain('TEMP B-TREE')
    }
    db.close()
  })
})

describe('tables of runs', () => {
  it('give the one that was published, as it was left', async () => {
    const tables = runTables(directory)
    expect(await tables.open()).toBeNull()
    await (await aTable([aRun(1), aRun(2)])).close()
    const table = await tables.open()
    expect(table?.position).toEqual(position)
    expect(table && (await sequencesOf(table))).toEqual([2, 1])
    await table?.close()
  })

  it('never give one that was not published, and remove it with all that belongs to it', async () => {
    const table = await runTables(directory).create()
    await table.change([{ type: 'put', part: 'archive', run: aRun(1) }], position)
    const files = await readdir(directory)
    for (const file of files) await writeFile(join(directory, `${file}.copy`), await readFile(join(directory, file)))
    await table.close()
    await writeFile(join(directory, 'of somebody else.sqlite'), 'x')
    // As a dead process leaves it: with its log of transactions.
    for (const file of files) await writeFile(join(directory, file), await readFile(join(directory, `${file}.copy`)))
    expect(await runTables(directory).open()).toBeNull()
    const left = (await readdir(directory)).filter((file) => !file.endsWith('.copy'))
    expect(left).toEqual(['of somebody else.sqlite'])
  })

  it('give none that is damaged, of another version, or of which a part is missing', async () => {
    const damages: ((file: string) => Promise<unknown> | undefined)[] = [
      (file) => writeFile(file, 'no database'),
      (file) => writeFile(file, ''),
      (file) => rm(file),
      (file) => alter(file, 'PRAGMA user_version = 99'),
      (file) => alter(file, 'PRAGMA application_id = 1'),
      (file) => alter(file, 'DROP TABLE meta'),
      (file) => alter(file, 'DELETE FROM meta'),
      (file) => alter(file, 'DROP TABLE run'),
    ]
    for (const damage of damages) {
      await (await aTable([aRun(1)])).close()
      const [name = ''] = await readdir(directory)
      await damage(join(directory, name))
      for (const suffix of ['-wal', '-shm']) await writeFile(join(directory, `${name}${suffix}`), 'x'.repeat(100))
      expect(await runTables(directory).open()).toBeNull()
      expect(await readdir(directory)).toEqual([])
    }
  })
})

async function alter(file: string, statement: string): Promise<void> {
  const db = new DatabaseSync(file)
  db.exec(statement)
  db.close()
}

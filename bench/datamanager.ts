import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { SqliteKeyValueStore } from '../src/engine/adapters/kv/sqlite.ts'
import { openPosixObjectStorage } from '../src/engine/adapters/objects/posix.ts'
import { createLog, systemClock, systemRandom } from '../src/engine/adapters/system.ts'
import { DataManager } from '../src/engine/datamanager/data-manager.ts'
import type { DataType } from '../src/engine/datamanager/data-type.ts'
import type { KeyValueStore } from '../src/engine/ports/key-value-store.ts'
import { type BenchRow, formatRow, inTurns, median } from './row.ts'

const rounds = Number(process.env.AGOLA_BENCH_ROUNDS ?? 3)
const shortRounds = rounds * 15
const body = Buffer.alloc(512, 'x')
const idOf = (number: number): string => `run-${String(number).padStart(9, '0')}`

const dataTypes: DataType[] = [
  {
    name: 'run',
    indexes: [
      {
        name: 'run-index',
        version: 1,
        entriesOf: (id) => [{ key: `all/${id}`, data: Buffer.from(`{"phase":"finished"}`) }],
      },
    ],
  },
]

interface Stores {
  directory: string
  kv: KeyValueStore
  manager: DataManager
}

/** The data manager on SQLite and a directory, beside what it stands on. */
export async function rows(): Promise<BenchRow[]> {
  return [await writeRate(1), await writeRate(64), ...(await checkpoints())]
}

async function withStores<T>(work: (stores: Stores) => Promise<T>): Promise<T> {
  const directory = await mkdtemp(join(tmpdir(), 'agola-bench-'))
  const shared = { clock: systemClock, random: systemRandom }
  const kv = new SqliteKeyValueStore({ file: join(directory, 'kv.sqlite'), ...shared })
  const objects = await openPosixObjectStorage({ directory: join(directory, 'objects'), ...shared })
  const log = createLog('error', (line) => process.stderr.write(line))
  const manager = await DataManager.open({ kv, objects, basePath: 'rundata', dataTypes, log, ...shared })
  try {
    return await work({ directory, kv, manager })
  } finally {
    await manager.close()
    await kv.close()
    await rm(directory, { recursive: true, force: true })
  }
}

function writeRate(writers: number): Promise<BenchRow> {
  return withStores(async ({ kv, manager }) => {
    let count = 0
    const writes = Math.max(80, writers * 8)
    const spread = async (write: (id: string) => Promise<unknown>): Promise<void> => {
      const each = async (): Promise<void> => {
        for (let left = writes / writers; left > 0; left--) await write(idOf(count++))
      }
      await Promise.all(Array.from({ length: writers }, each))
    }
    const { oursMs, theirsMs } = await inTurns(
      shortRounds,
      () => spread((id) => manager.write([{ type: 'put', dataType: 'run', id, data: body }])),
      () => spread((id) => kv.txn({ then: [{ type: 'put', key: `raw/${id}`, value: body }] })),
    )
    const perSecond = (ms: number): number => (writes * 1000) / ms
    const work = `data manager: writes of 512 bytes, ${writers} at a time`
    const against = 'transactions of the key-value port'
    return { work, against, unit: '1/s', ours: perSecond(oursMs), theirs: perSecond(theirsMs), limit: 0.5 }
  })
}

function checkpoints(): Promise<BenchRow[]> {
  return withStores(async ({ manager }) => {
    const entries = 100_000
    const all = Array.from({ length: entries }, (_, number) => number)
    const rewrite = async (numbers: readonly number[], text: string): Promise<number> => {
      for (let start = 0; start < numbers.length; start += 5000) {
        const data = Buffer.from(text.padEnd(512))
        const part = numbers.slice(start, start + 5000)
        await manager.write(part.map((number) => ({ type: 'put', dataType: 'run', id: idOf(number), data })))
      }
      await manager.sync()
      const started = performance.now()
      while (await manager.checkpoint({ force: true }));
      return performance.now() - started
    }
    await rewrite(all, 'first')
    const full: number[] = []
    const together: number[] = []
    const spread: number[] = []
    for (let round = 0; round < rounds; round++) {
      full.push(await rewrite(all, `full ${round}`))
      together.push(await rewrite(all.slice(-entries / 100), `together ${round}`))
      spread.push(
        await rewrite(
          all.filter((number) => number % 100 === 0),
          `spread ${round}`,
        ),
      )
    }
    const row = (work: string, ours: number[], limit: number): BenchRow => {
      return { work, against: 'all changed', unit: 'ms', ours: median(ours), theirs: median(full), limit }
    }
    return [
      row('checkpoint of 100,000 entries, the last 1 % changed', together, 0.2),
      row('checkpoint of 100,000 entries, every 100th changed', spread, 0.8),
    ]
  })
}

if (process.argv[1] === import.meta.filename) {
  for (const row of await rows()) process.stdout.write(`${formatRow(row)}\n`)
}

import { writeSync } from 'node:fs'
import { SqliteKeyValueStore } from '../../src/engine/adapters/kv/sqlite.ts'
import type { WriterThread } from '../../src/engine/adapters/kv/sqlite-commits.ts'
import { systemClock, systemRandom } from '../../src/engine/adapters/system.ts'
import { bigints, workOn } from './kv-history.ts'
import { SeededRandom } from './seeded-random.ts'

/** A process that works on a SQLite store and tells every start and end on stdout, so that it may be killed at any moment. */
const [file = '', seed = '0', count = '0', thread = 'auto'] = process.argv.slice(2)

const store = new SqliteKeyValueStore({
  file,
  clock: systemClock,
  random: systemRandom,
  thread: thread === 'main' || thread === 'worker' ? thread : 'auto',
} satisfies { thread: WriterThread } & ConstructorParameters<typeof SqliteKeyValueStore>[0])
let ids = 0
const started = new Map<unknown, number>()

await workOn(
  { store, random: new SeededRandom(Number(seed)), name: seed },
  // The same for all processes of the machine.
  { keys: ['x', 'y', 'z'], count: Number(count), now: () => Number(process.hrtime.bigint() / 1000n) },
  (operation, phase) => {
    const id = started.get(operation) ?? ids++
    started.set(operation, id)
    writeSync(1, `${JSON.stringify({ id, phase, ...operation }, bigints)}\n`)
  },
)
await store.close()

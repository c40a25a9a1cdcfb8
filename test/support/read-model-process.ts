import { join } from 'node:path'
import { SqliteKeyValueStore } from '../../src/engine/adapters/kv/sqlite.ts'
import { openPosixObjectStorage } from '../../src/engine/adapters/objects/posix.ts'
import { systemClock } from '../../src/engine/adapters/system.ts'
import { MortalTables, RunningReadModel, runTables } from './a-read-model.ts'
import { RunHistory } from './a-run-history.ts'
import { CrashPlan } from './crashing-ports.ts'
import { SeededRandom } from './seeded-random.ts'

export interface ReadModelOnDisk {
  history: RunHistory
  running: RunningReadModel
  end(): Promise<void>
}

/** Stores on SQLite and files below `directory`, and a read model of them with its tables in `tables`. */
export async function openReadModel(directory: string, tables: string, plan: CrashPlan): Promise<ReadModelOnDisk> {
  const shared = { clock: systemClock, random: new SeededRandom(process.pid) }
  const kv = new SqliteKeyValueStore({ file: join(directory, 'kv.sqlite'), ...shared })
  const objects = await openPosixObjectStorage({ directory: join(directory, 'objects'), ...shared })
  const history = await RunHistory.open({ kv, objects, ...shared })
  const mortal = new MortalTables(runTables(join(directory, tables)), plan)
  const { data } = history.archive
  const pass = () => new Promise<void>((resolve) => setTimeout(resolve, 1))
  const running = new RunningReadModel({ kv, data, tables: mortal, clock: systemClock }, pass)
  const end = async () => {
    await running.end()
    await history.archive.close()
    await kv.close()
  }
  return { history, running, end }
}

/** Run as a program: builds the copy or goes on with it, follows runs, has to build it again, ends. Dies without a word at the moment
 *  that it is told, of those before and after each effect on its tables; says how many there were when it does not. */
if (process.argv[1] === import.meta.filename) {
  const [, , directory = '', at = ''] = process.argv
  const plan = new CrashPlan(Number(at), () => process.kill(process.pid, 'SIGKILL'))
  // The clock's pauses keep no process alive: whoever waits for the work does.
  const alive = setInterval(() => undefined, 1000)
  const { history, running, end } = await openReadModel(directory, 'tables', plan)
  await running.list()
  await history.create()
  for (let step = 0; step < 5; step++) await history.moveOn()
  await running.list()
  await history.import()
  await history.create()
  await running.list()
  await end()
  clearInterval(alive)
  process.stdout.write(plan.moments.join('\n'))
}

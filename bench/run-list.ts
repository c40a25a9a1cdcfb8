import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { SqliteKeyValueStore } from '../src/engine/adapters/kv/sqlite.ts'
import { openPosixObjectStorage } from '../src/engine/adapters/objects/posix.ts'
import { SqliteRunTables } from '../src/engine/adapters/run-tables/sqlite.ts'
import { createLog, systemClock, systemRandom } from '../src/engine/adapters/system.ts'
import type { Run } from '../src/engine/model/run.ts'
import type { RunQuery } from '../src/engine/ports/run-service.ts'
import { DataRunArchive } from '../src/engine/runservice/data-run-archive.ts'
import { RunReadModel } from '../src/engine/runservice/read-model/run-read-model.ts'
import { timeOrderedUuid } from '../src/engine/std/time-ordered-uuid.ts'
import { type BenchRow, formatRow, inTurns } from './row.ts'

const rounds = Number(process.env.AGOLA_BENCH_ROUNDS ?? 25)
const [fewRuns, manyRuns] = [10_000, Number(process.env.AGOLA_BENCH_RUNS ?? 1_000_000)]
const projects = 20
const branches = 5
const rareEvery = 20_000
/** What local stores hold for long. */
const localRuns = 50

/** Lists of the newest 50 runs out of few and out of many, by a process that has just opened the store. */
export async function rows(): Promise<BenchRow[]> {
  const few = await Store.make(fewRuns)
  const many = await Store.make(manyRuns)
  try {
    const rows: BenchRow[] = []
    for (const [work, groups] of [
      ['', undefined],
      [' of one project', [projectOf(7)]],
      [' of one branch', [groupOf(7)]],
    ] as const) {
      const query = { limit: 50, ...(groups && { groups: [...groups] }) }
      const { oursMs, theirsMs } = await inTurns(
        rounds,
        () => many.list(query),
        () => few.list(query),
      )
      rows.push({
        work: `newest 50${work} among ${manyRuns.toLocaleString('en')} runs, store opened anew`,
        against: `among ${fewRuns.toLocaleString('en')}`,
        unit: 'ms',
        ours: oursMs,
        theirs: theirsMs,
        limit: 2,
      })
    }
    return [...rows, await rareRow(many), await localRow()]
  } finally {
    await few.remove()
    await many.remove()
  }
}

/** What a server does for a filter that few runs pass: its copy of the runs is open and follows. */
async function rareRow(store: Store): Promise<BenchRow> {
  const query = { limit: 50, groups: [projectOf(0)], ref: 'refs/heads/rare' }
  const copy = await store.follow()
  const { oursMs, theirsMs } = await inTurns(
    rounds,
    async () => void (await copy.listed(query)),
    async () => void (await copy.archive.listRuns(query)),
  )
  await copy.end()
  return {
    work: `a ref with few of ${manyRuns.toLocaleString('en')} runs, copy of a server (made in ${Math.round(copy.madeMs)} ms)`,
    against: 'index of the archive',
    unit: 'ms',
    ours: oursMs,
    theirs: theirsMs,
    limit: 0.5,
  }
}

/** What a command does that lists once and ends: why it reads the index and keeps no copy. */
async function localRow(): Promise<BenchRow> {
  const store = await Store.make(localRuns)
  try {
    await (await store.follow()).end()
    const query = { limit: 20, groups: ['/project'], ref: 'refs/heads/work' }
    const { oursMs, theirsMs } = await inTurns(
      rounds,
      async () => void (await (await store.open()).listRuns(query)),
      async () => {
        const copy = await store.follow()
        await copy.listed(query)
        await copy.end()
      },
    )
    return {
      work: `a ref among ${localRuns} runs, store opened anew`,
      against: 'with a copy that is kept from before',
      unit: 'ms',
      ours: oursMs,
      theirs: theirsMs,
      limit: 1,
    }
  } finally {
    await store.remove()
  }
}

class Store {
  readonly #directory: string
  readonly #kv: SqliteKeyValueStore
  readonly #runs: number

  private constructor(directory: string, kv: SqliteKeyValueStore, runs: number) {
    this.#directory = directory
    this.#kv = kv
    this.#runs = runs
  }

  /** Takes the runs in as `agola import` does. */
  static async make(runs: number): Promise<Store> {
    const directory = await mkdtemp(join(tmpdir(), 'agola-bench-'))
    const kv = new SqliteKeyValueStore({ file: join(directory, 'kv.sqlite'), clock: systemClock, random: systemRandom })
    const store = new Store(directory, kv, runs)
    const archive = await store.open()
    await archive.data.import(exportOf(runs))
    await archive.close()
    return store
  }

  async list(query: { limit: number; groups?: string[] }): Promise<void> {
    const archive = await this.open()
    const { runs, more } = await archive.listRuns(query)
    const isNewest = query.groups !== undefined || runs[0]?.sequence === this.#runs
    if (runs.length !== query.limit || !more || !isNewest) throw new Error('This is not the list that was asked for.')
  }

  /** A copy of the runs, made or kept from before, once it can be read. */
  async follow() {
    const archive = await this.open()
    const tables = new SqliteRunTables({ directory: join(this.#directory, 'tables'), random: systemRandom })
    const log = createLog('error', () => undefined)
    const model = new RunReadModel({ kv: this.#kv, data: archive.data, tables, clock: systemClock, log })
    const stop = new AbortController()
    const begun = performance.now()
    const running = model.run(stop.signal)
    const listed = async (query: RunQuery): Promise<void> => {
      while ((await model.listRuns(query)) === null) await new Promise((resolve) => setImmediate(resolve))
    }
    await listed({ limit: 1 })
    const madeMs = performance.now() - begun
    const end = async (): Promise<void> => {
      stop.abort()
      await running
    }
    return { archive, listed, end, madeMs }
  }

  async remove(): Promise<void> {
    await this.#kv.close()
    await rm(this.#directory, { recursive: true })
  }

  async open(): Promise<DataRunArchive> {
    const shared = { clock: systemClock, random: systemRandom }
    const objects = await openPosixObjectStorage({ directory: join(this.#directory, 'objects'), ...shared })
    return DataRunArchive.open({ kv: this.#kv, objects, log: createLog('error', () => undefined), ...shared })
  }
}

function* lines(runs: number): Generator<string> {
  for (let number = 1; number <= runs; number++) {
    const run = runOf(number)
    const data = Buffer.from(JSON.stringify(run)).toString('base64')
    yield `${JSON.stringify({ id: run.id, data_type: 'run', data })}\n`
  }
}

async function* exportOf(runs: number): AsyncGenerator<Uint8Array> {
  let chunk: string[] = []
  for (const line of lines(runs)) {
    chunk.push(line)
    if (chunk.length < 1000) continue
    yield Buffer.from(chunk.join(''))
    chunk = []
  }
  yield Buffer.from(chunk.join(''))
}

function projectOf(number: number): string {
  return `/project/${String(number % projects).padStart(8, '0')}`
}

function groupOf(number: number): string {
  return `${projectOf(number)}/branch/work-${Math.floor(number / projects) % branches}`
}

/** A run of some seconds, one every minute. */
function runOf(number: number): Run {
  const time = Date.UTC(2025, 0, 1) + number * 60_000
  const id = timeOrderedUuid(time, systemRandom.uuid())
  return {
    id,
    runConfigId: id,
    name: 'build and test',
    counter: Math.ceil(number / projects),
    sequence: number,
    group: groupOf(number),
    annotations: {
      commit_sha: id.replaceAll('-', ''),
      branch: 'work',
      ref: `refs/heads/${number % rareEvery === 0 ? 'rare' : 'work'}`,
      message: 'Say what has changed, and why',
    },
    phase: 'finished',
    result: number % 7 === 0 ? 'failed' : 'success',
    stop: false,
    tasks: {},
    enqueueTime: time,
    startTime: time,
    endTime: time + 30_000,
    archived: true,
    creationTime: time,
  }
}

if (process.argv[1] === import.meta.filename) {
  for (const row of await rows()) process.stdout.write(`${formatRow(row)}\n`)
}

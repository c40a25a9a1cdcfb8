import { describe, expect, it } from 'vitest'
import type { DataManager } from '../../../src/engine/datamanager/data-manager.ts'
import { hasCode } from '../../../src/engine/model/errors.ts'
import { chunksOf, contentOf, DataManagerWorld, exportOf, put, remove } from '../../support/a-data-manager.ts'
import { SeededRandom } from '../../support/seeded-random.ts'
import { Pace, slowKv, slowObjects } from '../../support/slow-ports.ts'

const processes = 3
const clientsPerProcess = 2
const idsPerClient = 2
const callsPerLife = 10
const lives = 3
/** Longer than what nobody names is kept. */
const graceMs = 2 * 3_600_000

/** What one entry was written to be, oldest first; null where it was deleted. */
class EntryHistory {
  readonly states: (string | null)[] = [null]
  acknowledged = 0
  stored = 0
}

/** What the clients know: the only truth that they may hold the processes to. */
class Knowledge {
  readonly entries = new Map<string, EntryHistory>()
  #count = 0

  newText(): string {
    return `text ${++this.#count}`
  }

  entry(id: string): EntryHistory {
    const known = this.entries.get(id) ?? new EntryHistory()
    this.entries.set(id, known)
    return known
  }

  /** Notes the change before it is made, and takes the note back when it was certainly not made. */
  async change(changes: ReadonlyMap<string, string | null>, work: () => Promise<unknown>): Promise<void> {
    for (const [id, state] of changes) this.entry(id).states.push(state)
    try {
      await work()
      for (const id of changes.keys()) this.entry(id).acknowledged = this.entry(id).states.length - 1
    } catch (error) {
      if (!hasCode(error, 'concurrentUpdate')) throw error
      for (const id of changes.keys()) this.entry(id).states.pop()
    }
  }

  /** For what is stored when the returned function is called: all that is acknowledged now. */
  storing(): () => void {
    const now = [...this.entries.values()].map((entry) => ({ entry, acknowledged: entry.acknowledged }))
    return () => {
      for (const { entry, acknowledged } of now) entry.stored = Math.max(entry.stored, acknowledged)
    }
  }

  /** For content that is read when the returned function is called: no entry may be older than what is acknowledged now. */
  reading(oldest: 'acknowledged' | 'stored' = 'acknowledged'): (content: Record<string, string>) => void {
    const from = new Map([...this.entries].map(([id, entry]) => [id, entry[oldest]]))
    return (content) => {
      for (const [id, { states }] of this.entries) {
        expect(states.slice(from.get(id) ?? 0), id).toContain(content[`note/${id}`] ?? null)
      }
      expect(Object.keys(content).filter((key) => !this.entries.has(key.slice('note/'.length)))).toEqual([])
    }
  }

  /** All begin anew from what is there. */
  settleAt(content: Record<string, string>): void {
    for (const [id, entry] of this.entries) {
      entry.states.splice(0, entry.states.length, content[`note/${id}`] ?? null)
      entry.acknowledged = 0
      entry.stored = 0
    }
  }
}

class Story {
  readonly world: DataManagerWorld
  readonly random: SeededRandom
  readonly known = new Knowledge()

  constructor(seed: number) {
    this.world = new DataManagerWorld(seed)
    this.random = new SeededRandom(seed * 31)
  }

  /** Lets simulated time pass until the work is done. */
  async inTime<T>(work: Promise<T>): Promise<T> {
    let done = false
    const settled = work.finally(() => {
      done = true
    })
    settled.catch(() => undefined)
    const { clock } = this.world
    while (!done) await clock.advance(Math.max(0, (clock.nextWakeMs() ?? clock.monotonicMs()) - clock.monotonicMs()))
    return settled
  }

  /** All processes start at the same moment. */
  openAll(): Promise<DataManager[]> {
    const { world, random } = this
    const { kv, objects } = world.options()
    return Promise.all(
      Array.from({ length: processes }, () => {
        const pace = new Pace(world.clock, new SeededRandom(random.below(1e9)))
        const stores = { kv: slowKv(kv, pace), objects: slowObjects(objects, pace) }
        return world.open({ ...stores, fileBytesMax: 300, walsKept: 1 })
      }),
    )
  }

  async work(manager: DataManager, process: number, mayWrite: boolean): Promise<void> {
    const clients = Array.from({ length: clientsPerProcess }, (_, client) => `${process}-${client}`)
    await Promise.all(clients.map((name) => this.client(manager, name, mayWrite)))
  }

  /** What one client asks its process for, call after call. */
  async client(manager: DataManager, name: string, mayWrite: boolean): Promise<void> {
    const { random, known } = this
    for (let call = 0; call < callsPerLife; call++) {
      const kind = random.below(10)
      if (kind < 4 && mayWrite) await this.write(manager, name)
      else if (kind < 7) {
        const check = known.reading()
        check(await contentOf(manager))
      } else if (kind < 8) {
        const check = known.reading()
        check(entriesOf(await exportOf(manager)))
      } else if (kind < 9) {
        const isStored = known.storing()
        await manager.sync()
        isStored()
      } else {
        await manager.checkpoint({ force: true })
        await manager.clean({ orphans: random.below(2) === 0 })
      }
    }
  }

  async write(manager: DataManager, client: string): Promise<void> {
    const id = `of-${client}-${this.random.below(idsPerClient)}`
    const text = this.random.below(4) === 0 ? null : this.known.newText()
    await this.known.change(new Map([[id, text]]), () => manager.write([text === null ? remove(id) : put(id, text)]))
  }

  async import(manager: DataManager): Promise<void> {
    const { known, random } = this
    const ids = [...known.entries.keys()].sort()
    const changes = new Map(ids.map((id) => [id, random.below(3) === 0 ? null : known.newText()]))
    const lines = [...changes].flatMap(([id, text]) =>
      text === null ? [] : [{ id, data_type: 'note', data: Buffer.from(text).toString('base64') }],
    )
    const text = [{ agola_export: 1 }, ...lines, { entries: lines.length }].map((line) => `${JSON.stringify(line)}\n`)
    await known.change(changes, () => manager.import(chunksOf(text.join(''), 50)))
  }

  async live(): Promise<void> {
    const { world, random, known } = this
    for (let life = 0; life < lives; life++) {
      const managers = await this.inTime(this.openAll())
      await this.inTime(Promise.all(managers.map((manager, process) => this.work(manager, process, true))))
      const [importer, ...others] = managers
      if (importer !== undefined && random.below(2) === 0) {
        const besides = others.map((manager, at) => this.work(manager, at, false))
        await this.inTime(Promise.all([this.import(importer), ...besides]))
      }
      for (const manager of managers) {
        const check = known.reading()
        check(await this.inTime(contentOf(manager)))
      }
      const loses = random.below(2) === 0
      await this.inTime(Promise.all(managers.map((manager) => manager.close())))
      if (loses) world.loseKv()
      await world.clock.advance(random.below(2) === 0 ? 1000 : graceMs)
      const check = known.reading(loses ? 'stored' : 'acknowledged')
      const next = await this.inTime(this.openAll())
      const found = await this.inTime(contentOf(next[0] as DataManager))
      check(found)
      known.settleAt(found)
      await this.inTime(Promise.all(next.map((manager) => manager.close())))
    }
  }
}

function entriesOf(text: string): Record<string, string> {
  const lines = text.split('\n').flatMap((line) => (line === '' ? [] : [JSON.parse(line)]))
  const entries = lines.filter((line) => 'id' in line)
  return Object.fromEntries(
    entries.map(({ data_type, id, data }) => [`${data_type}/${id}`, Buffer.from(data, 'base64').toString()]),
  )
}

describe('several processes at once', () => {
  it.each(Array.from({ length: 80 }, (_, at) => at + 1))(
    'show and keep every acknowledged write (seed %i)',
    async (seed) => {
      await new Story(seed).live()
    },
  )
})

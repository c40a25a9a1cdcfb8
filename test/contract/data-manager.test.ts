import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { SqliteKeyValueStore } from '../../src/engine/adapters/kv/sqlite.ts'
import { openPosixObjectStorage } from '../../src/engine/adapters/objects/posix.ts'
import { DataManager } from '../../src/engine/datamanager/data-manager.ts'
import { DataManagerWorld, dataTypes, silentLog } from '../support/a-data-manager.ts'
import { SeededRandom } from '../support/seeded-random.ts'
import { SkippingClock } from '../support/skipping-clock.ts'
import { type DataManagerSubject, dataManagerContract } from './data-manager.ts'

let seed = 1

async function memory(): Promise<DataManagerSubject> {
  const world = new DataManagerWorld(seed++)
  return {
    get kv() {
      return world.kv
    },
    objects: world.objects,
    open: (changes) => world.open(changes),
    loseKv: async () => world.loseKv(),
    pass: (ms) => world.clock.advance(ms),
    destroy: async () => undefined,
  }
}

async function embedded(): Promise<DataManagerSubject> {
  const directory = await mkdtemp(join(tmpdir(), 'agola-datamanager-'))
  const clock = new SkippingClock()
  const shared = { clock, random: new SeededRandom(seed++) }
  const objects = await openPosixObjectStorage({ directory: join(directory, 'objects'), ...shared })
  const stores: SqliteKeyValueStore[] = []
  let generation = 0
  const openKv = () => {
    const kv = new SqliteKeyValueStore({ file: join(directory, `kv${generation}.sqlite`), ...shared })
    stores.push(kv)
    return kv
  }
  let current = openKv()
  return {
    get kv() {
      return current
    },
    objects,
    open: (changes) =>
      DataManager.open({
        kv: openKv(),
        objects,
        basePath: 'rundata',
        dataTypes,
        log: silentLog,
        ...shared,
        ...changes,
      }),
    loseKv: async () => {
      generation++
      current = openKv()
    },
    pass: async (ms) => clock.skip(ms),
    destroy: async () => {
      for (const store of stores) await store.close()
      await rm(directory, { recursive: true })
    },
  }
}

dataManagerContract('memory', memory, { modelRuns: 30 })
dataManagerContract('SQLite and files', embedded, { modelRuns: 8 })

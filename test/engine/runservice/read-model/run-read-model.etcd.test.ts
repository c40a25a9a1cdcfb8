import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { EtcdKeyValueStore } from '../../../../src/engine/adapters/kv/etcd.ts'
import { MemoryObjectStorage } from '../../../../src/engine/adapters/objects/memory.ts'
import { systemClock } from '../../../../src/engine/adapters/system.ts'
import { RunningReadModel, runTables } from '../../../support/a-read-model.ts'
import { queries, RunHistory, rowsIn } from '../../../support/a-run-history.ts'
import { EtcdServer } from '../../../support/etcd-server.ts'
import { SeededRandom } from '../../../support/seeded-random.ts'

let etcd: EtcdServer
let directory: string
beforeAll(async () => {
  etcd = await EtcdServer.start()
  directory = await mkdtemp(join(tmpdir(), 'agola-read-model-'))
})
afterAll(async () => {
  await etcd.destroy()
  await rm(directory, { recursive: true })
})

it('a copy of the runs in etcd is after any history what a new one would be, and survives the loss of etcd', async () => {
  const random = new SeededRandom(5)
  const clock = systemClock
  const stores = { kv: await openKv(random), objects: new MemoryObjectStorage({ clock }), clock, random }
  let history = await RunHistory.open(stores)
  const pass = (ms: number) => clock.sleep(Math.min(ms, 5))
  let scratches = 0
  const start = (tables: string) =>
    new RunningReadModel({ ...stores, data: history.archive.data, tables: runTables(join(directory, tables)) }, pass)
  let model = start('tables')
  const check = async () => {
    for (const query of queries) expect(await model.list(query)).toEqual(await history.lists().listRuns(query))
    const scratch = join(directory, `scratch-${scratches++}`)
    const fresh = start(`scratch-${scratches - 1}`)
    await fresh.list()
    expect(rowsIn(join(directory, 'tables'))).toEqual(rowsIn(scratch))
    await fresh.end()
  }
  const rarely = [
    () => history.deleteOne(),
    () => history.checkpoint(),
    () => history.compact(),
    () => history.import(),
    () => etcd.kill().then(() => etcd.restart()),
    async () => {
      await model.end()
      for (let count = 0; count < 4; count++) await history.moveOn()
      model = start('tables')
    },
  ]
  for (const [at, rare] of [...rarely, ...rarely].entries()) {
    for (let count = 0; count < 3; count++) await history.create()
    for (let count = 0; count < 8; count++) await history.moveOn()
    await rare()
    if (at % 3 === 0) await check()
  }
  await check()
  await history.archive.data.sync()
  await etcd.wipe()
  await etcd.restart()
  // The same processes go on: the history is restored, the active runs are gone.
  history = await RunHistory.open(stores)
  await history.create()
  await check()
  await model.end()
  await history.archive.close()
  await stores.kv.close()
})

function openKv(random: SeededRandom): Promise<EtcdKeyValueStore> {
  return EtcdKeyValueStore.open({ endpoints: [etcd.endpoint], namespace: 'agola/', clock: systemClock, random })
}

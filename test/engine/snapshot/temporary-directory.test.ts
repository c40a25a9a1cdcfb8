import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdir, mkdtemp, readdir, rm } from 'node:fs/promises'
import { hostname, tmpdir } from 'node:os'
import { basename, join } from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { type SnapshotStore, storeAt } from '../../../src/engine/snapshot/snapshot-store.ts'
import {
  createTemporaryDirectory,
  removeAbandonedTemporaries,
} from '../../../src/engine/snapshot/temporary-directory.ts'

let directory: string
beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), 'agola-temporaries-'))
})
afterEach(async () => await rm(directory, { recursive: true }))

test('only directories of processes of this machine that are gone are removed, in older generations too', async () => {
  const [store, older] = ['g2', 'g1'].map((id) => storeAt(directory, `k/${id}`)) as [SnapshotStore, SnapshotStore]
  const own = basename(await createTemporaryDirectory(store, 'own'))
  const child = spawn('true')
  await once(child, 'exit')
  const [dead, elsewhere, plain] = [`${hostname()}+${child.pid}+x`, `another+${child.pid}+x`, 'x']
  for (const { directory } of [store, older])
    for (const name of [dead, elsewhere, plain])
      await mkdir(join(directory, 'tmp', name, 'checkout'), { recursive: true })
  await removeAbandonedTemporaries(store)
  expect((await readdir(join(store.directory, 'tmp'))).sort()).toEqual([own, elsewhere, plain].sort())
  expect((await readdir(join(older.directory, 'tmp'))).sort()).toEqual([elsewhere, plain].sort())
})

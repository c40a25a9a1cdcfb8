import { readdir, rm } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { makeDirectory } from '../std/make-directory.ts'
import { isOfDeadProcess, processOwnedName } from '../std/process-owned-name.ts'
import type { SnapshotStore } from './snapshot-store.ts'

/** A directory for the files of this process, removed by the caller; should this process die, by the next one that opens the store. */
export async function createTemporaryDirectory(store: SnapshotStore, name: string): Promise<string> {
  const directory = join(store.directory, 'tmp', processOwnedName(name))
  await makeDirectory(directory, { mode: 0o700 })
  return directory
}

/** Removes the directories of processes of this machine that are gone, in every generation of the repository: two processes that are its
 *  first at the same moment begin one each, and the older one is not opened again. */
export async function removeAbandonedTemporaries(store: SnapshotStore): Promise<void> {
  const root = dirname(store.directory)
  for (const generation of await readdir(root).catch(() => [])) {
    const directory = join(root, generation, 'tmp')
    const abandoned = (await readdir(directory).catch(() => [])).filter(isOfDeadProcess)
    await Promise.all(abandoned.map((name) => rm(join(directory, name), { recursive: true, force: true })))
  }
}

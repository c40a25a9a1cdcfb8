import { mkdir, readdir, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { isOfDeadProcess, processOwnedName } from '../std/process-owned-name.ts'
import type { SnapshotStore } from './snapshot-store.ts'

/** A directory for the files of this process, removed by the caller; should this process die, by the next one that opens the store. */
export async function createTemporaryDirectory(store: SnapshotStore, name: string): Promise<string> {
  const directory = join(store.directory, 'tmp', processOwnedName(name))
  await mkdir(directory, { recursive: true, mode: 0o700 })
  return directory
}

/** Removes the directories of processes of this machine that are gone. */
export async function removeAbandonedTemporaries(store: SnapshotStore): Promise<void> {
  const root = join(store.directory, 'tmp')
  const abandoned = (await readdir(root).catch(() => [])).filter(isOfDeadProcess)
  await Promise.all(abandoned.map((name) => rm(join(root, name), { recursive: true, force: true })))
}

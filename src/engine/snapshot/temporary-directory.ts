import { mkdir, readdir, rm } from 'node:fs/promises'
import { hostname } from 'node:os'
import { join } from 'node:path'
import type { SnapshotStore } from './snapshot-store.ts'

const separator = '+'

/** A directory for the files of this process, removed by the caller; should this process die, by the next one that opens the store. */
export async function createTemporaryDirectory(store: SnapshotStore, name: string): Promise<string> {
  const owned = [encodeURIComponent(hostname()), process.pid, name].join(separator)
  const directory = join(store.directory, 'tmp', owned)
  await mkdir(directory, { recursive: true, mode: 0o700 })
  return directory
}

/** Removes the directories of processes of this machine that are gone. */
export async function removeAbandonedTemporaries(store: SnapshotStore): Promise<void> {
  const root = join(store.directory, 'tmp')
  const names = await readdir(root).catch(() => [])
  const abandoned = names.filter(isAbandoned)
  await Promise.all(abandoned.map((name) => rm(join(root, name), { recursive: true, force: true })))
}

/** A pid that another process has got by now keeps a directory until its age condemns it. */
function isAbandoned(name: string): boolean {
  const [host, pid, ...rest] = name.split(separator)
  return rest.length > 0 && host === encodeURIComponent(hostname()) && !isRunning(Number(pid))
}

function isRunning(pid: number): boolean {
  try {
    return process.kill(pid, 0)
  } catch (error) {
    // Of another user: it lives.
    return error instanceof Error && 'code' in error && error.code === 'EPERM'
  }
}

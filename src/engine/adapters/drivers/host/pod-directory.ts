import { chmod, lstat, mkdir, readdir, readFile, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import type { ExecutorId, ExecutorTaskId, PodId, TimeMs } from '../../../model/ids.ts'
import { makeDirectory } from '../../../std/make-directory.ts'

/** What a pod's directory says about it, so that siblings and later processes can tell. */
export interface PodRecord {
  podId: PodId
  executorsGroupId: string
  executorId: ExecutorId
  taskId: ExecutorTaskId
  labels: Record<string, string>
  keepUntil: TimeMs | null
}

export interface PodDirectory {
  path: string
  home: string
  workspace: string
  temporary: string
}

const recordFile = 'pod.json'

/** Makes a private directory (0700) with a home, a workspace and a place for temporary files; what is there already stays. */
export async function makePodDirectory(path: string, record: PodRecord): Promise<PodDirectory> {
  const directory = { path, home: join(path, 'home'), workspace: join(path, 'workspace'), temporary: join(path, 'tmp') }
  await makeDirectory(path, { mode: 0o700 })
  const { home, workspace, temporary } = directory
  await Promise.all([home, workspace, temporary].map((folder) => mkdir(folder, { recursive: true })))
  await writeFile(join(path, recordFile), JSON.stringify(record))
  return directory
}

/** All pods with a directory below `baseDir`. What is no pod's directory is left out. */
export async function listPodDirectories(baseDir: string): Promise<{ path: string; record: PodRecord }[]> {
  const names = await readdir(baseDir).catch(() => [])
  const found = await Promise.all(
    names.map(async (name) => {
      const path = join(baseDir, name)
      const text = await readFile(join(path, recordFile), 'utf8').catch(() => null)
      const record = text === null ? null : toRecord(text)
      return record === null ? [] : [{ path, record }]
    }),
  )
  return found.flat()
}

function toRecord(text: string): PodRecord | null {
  try {
    const value = JSON.parse(text) as Partial<PodRecord> | null
    return typeof value?.podId === 'string' && typeof value.labels === 'object' ? (value as PodRecord) : null
  } catch {
    return null
  }
}

/** Removes everything, also below directories that a step made read-only. */
export async function removeTree(path: string): Promise<void> {
  try {
    await rm(path, { recursive: true, force: true, maxRetries: 5, retryDelay: 20 })
  } catch {
    await openDirectories(path)
    await rm(path, { recursive: true, force: true, maxRetries: 5, retryDelay: 20 })
  }
}

async function openDirectories(path: string): Promise<void> {
  if (!(await lstat(path)).isDirectory()) return
  await chmod(path, 0o700)
  for (const entry of await readdir(path, { withFileTypes: true })) {
    if (entry.isDirectory()) await openDirectories(join(path, entry.name))
  }
}

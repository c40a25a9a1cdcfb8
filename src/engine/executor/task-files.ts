import { existsSync, rmSync } from 'node:fs'
import { rm } from 'node:fs/promises'
import { join } from 'node:path'
import type { ExecutorTaskId } from '../model/ids.ts'

const archivesName = 'archives'

/** Where the data of executor tasks lies (spec/executor.md 3). */
export class TaskFiles {
  readonly root: string

  constructor(dataDir: string) {
    this.root = join(dataDir, 'tasks')
  }

  directory(taskId: ExecutorTaskId): string {
    return join(this.root, directoryName(taskId))
  }

  /** `step` null: of the set-up. */
  log(taskId: ExecutorTaskId, step: number | null): string {
    const logs = join(this.directory(taskId), 'logs')
    return step === null ? join(logs, 'setup.log') : join(logs, 'steps', `${step}.log`)
  }

  archive(taskId: ExecutorTaskId, step: number): string {
    return join(this.directory(taskId), archivesName, `${step}.tar`)
  }

  /** Removes what there is of a task. Archives may be large, which takes the file system its time; the rest is a few small files, for each of
   *  which a thread would take longer than this one. */
  async remove(taskId: ExecutorTaskId): Promise<void> {
    const directory = this.directory(taskId)
    const archives = join(directory, archivesName)
    if (existsSync(archives)) await rm(archives, { recursive: true, force: true })
    rmSync(directory, { recursive: true, force: true })
  }

  /** The task that owns a directory below `root`. */
  taskOf(name: string): ExecutorTaskId {
    return decodeURIComponent(name)
  }
}

/** An id may come from another host: it never names anything but one directory. */
function directoryName(taskId: ExecutorTaskId): string {
  return encodeURIComponent(taskId).replace(/^\.+$/, (dots) => '%2E'.repeat(dots.length))
}

import { existsSync, readdirSync, rmSync, statSync } from 'node:fs'
import { rm } from 'node:fs/promises'
import { join } from 'node:path'
import type { ExecutorTaskId } from '../model/ids.ts'

/** What takes the file system no time to speak of. */
const smallBytesMax = 8 * 1024 * 1024
const smallFilesMax = 100

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
    return join(this.directory(taskId), 'archives', `${step}.tar`)
  }

  /** Removes what there is of a task: mostly a few small files, for each of which a thread would take longer than this one. */
  async remove(taskId: ExecutorTaskId): Promise<void> {
    const directory = this.directory(taskId)
    if (!existsSync(directory)) return
    if (isSmall(directory)) rmSync(directory, { recursive: true, force: true })
    else await rm(directory, { recursive: true, force: true })
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

function isSmall(directory: string): boolean {
  const names = readdirSync(directory, { encoding: 'utf8', recursive: true })
  if (names.length > smallFilesMax) return false
  const sizes = names.map((name) => statSync(join(directory, name), { throwIfNoEntry: false })?.size ?? 0)
  return sizes.reduce((sum, size) => sum + size, 0) <= smallBytesMax
}

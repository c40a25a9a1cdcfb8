import { join } from 'node:path'
import type { ExecutorTaskId } from '../model/ids.ts'

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

  /** The task that owns a directory below `root`. */
  taskOf(name: string): ExecutorTaskId {
    return decodeURIComponent(name)
  }
}

/** An id may come from another host: it never names anything but one directory. */
function directoryName(taskId: ExecutorTaskId): string {
  return encodeURIComponent(taskId).replace(/^\.+$/, (dots) => '%2E'.repeat(dots.length))
}

import { readFile, stat } from 'node:fs/promises'
import { Readable } from 'node:stream'
import { buffer } from 'node:stream/consumers'
import { AgolaError } from '../../src/engine/model/errors.ts'
import type { ExecutorStatus } from '../../src/engine/model/executor.ts'
import type { ExecutorTaskStatus, ExecutorTaskWithSpec } from '../../src/engine/model/executor-task.ts'
import { isExecutionFinished } from '../../src/engine/model/run.ts'
import type { StoredContent } from '../../src/engine/ports/executor-client.ts'
import type { CacheHit, ExecutorRunService } from '../../src/engine/ports/executor-run-service.ts'
import type { ObjectSource } from '../../src/engine/ports/object-storage.ts'

/** The runservice of one executor, in memory: what was reported can be looked at and waited for, answers can be made to fail. */
export class FakeExecutorRunService implements ExecutorRunService {
  readonly tasks = new Map<string, ExecutorTaskWithSpec>()
  readonly executorStatuses: ExecutorStatus[] = []
  /** Every accepted report, in order. */
  readonly reports: { taskId: string; status: ExecutorTaskStatus }[] = []
  /** `<run task id>/<step>` */
  readonly archives = new Map<string, Buffer | { file: string }>()
  /** By the full key as it was sent, in order of their age. */
  readonly caches = new Map<string, Buffer>()
  /** Called at the start of every method; throw to make it fail, wait to hold it. */
  fault: (method: string) => void | Promise<void> = () => undefined
  #waiters: (() => void)[] = []

  async sendExecutorStatus(_executorId: string, status: ExecutorStatus): Promise<void> {
    await this.fault('sendExecutorStatus')
    this.executorStatuses.push(structuredClone(status))
    this.#wake()
  }

  async listExecutorTasks(): Promise<ExecutorTaskWithSpec[]> {
    await this.fault('listExecutorTasks')
    return structuredClone([...this.tasks.values()])
  }

  async getExecutorTask(taskId: string): Promise<ExecutorTaskWithSpec> {
    await this.fault('getExecutorTask')
    const task = this.tasks.get(taskId)
    if (task === undefined) throw new AgolaError('executorTaskDoesNotExist', `no task ${taskId}`)
    return structuredClone(task)
  }

  async sendExecutorTaskStatus(taskId: string, status: ExecutorTaskStatus): Promise<void> {
    await this.fault('sendExecutorTaskStatus')
    this.reports.push({ taskId, status: structuredClone(status) })
    const task = this.tasks.get(taskId)
    if (task !== undefined) task.status = structuredClone(status)
    this.#wake()
  }

  async openWorkspaceArchive(taskId: string, step: number): Promise<StoredContent> {
    await this.fault('openWorkspaceArchive')
    const content = this.archives.get(`${taskId}/${step}`)
    if (content === undefined) throw new AgolaError('archiveDoesNotExist', `no archive of step ${step} of ${taskId}`)
    if (!Buffer.isBuffer(content)) {
      const sizeBytes = (await stat(content.file)).size
      return { sizeBytes, file: content.file, stream: () => Readable.from([]) }
    }
    return { sizeBytes: content.length, stream: () => Readable.from([content]) }
  }

  async hasCache(key: string): Promise<boolean> {
    await this.fault('hasCache')
    return this.caches.has(key)
  }

  async openCache(key: string): Promise<CacheHit | null> {
    await this.fault('openCache')
    const found = this.caches.has(key) ? key : [...this.caches.keys()].filter((name) => name.startsWith(key)).at(-1)
    const content = found === undefined ? undefined : this.caches.get(found)
    if (found === undefined || content === undefined) return null
    return { key: found, exact: found === key, sizeBytes: content.length, stream: () => Readable.from([content]) }
  }

  async saveCache(key: string, source: ObjectSource): Promise<boolean> {
    await this.fault('saveCache')
    if (this.caches.has(key)) return false
    this.caches.set(key, await bytesOf(source))
    return true
  }

  /** The newest status of the task that was reported, once `holds`. */
  async status(taskId: string, holds: (status: ExecutorTaskStatus) => boolean): Promise<ExecutorTaskStatus> {
    for (;;) {
      const found = this.reports.findLast((report) => report.taskId === taskId)
      if (found !== undefined && holds(found.status)) return found.status
      await new Promise<void>((resolve) => this.#waiters.push(resolve))
    }
  }

  finished(taskId = 'task-1'): Promise<ExecutorTaskStatus> {
    return this.status(taskId, (status) => isExecutionFinished(status.phase))
  }

  async executorStatus(holds: (status: ExecutorStatus) => boolean): Promise<ExecutorStatus> {
    for (;;) {
      const last = this.executorStatuses.at(-1)
      if (last !== undefined && holds(last)) return last
      await new Promise<void>((resolve) => this.#waiters.push(resolve))
    }
  }

  #wake(): void {
    for (const wake of this.#waiters.splice(0)) wake()
  }
}

async function bytesOf(source: ObjectSource): Promise<Buffer> {
  if ('file' in source) return readFile(source.file)
  return source instanceof Uint8Array ? Buffer.from(source) : buffer(Readable.from(source))
}

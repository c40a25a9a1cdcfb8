import { createReadStream } from 'node:fs'
import { open, stat } from 'node:fs/promises'
import { Readable } from 'node:stream'
import { TaskFiles } from './executor/task-files.ts'
import { AgolaError } from './model/errors.ts'
import type { CallOptions } from './ports/call-options.ts'
import type { Clock } from './ports/clock.ts'
import type { ExecutorLogRef, StoredContent } from './ports/executor-client.ts'
import type { ExecutorFiles } from './runservice/executor-clients.ts'

export interface SiblingFilesOptions {
  /** Of the other process. */
  dataDir: string
  clock: Clock
  /** Whether the step, or the set-up, has ended: its log does not grow any more. */
  isOver: (log: ExecutorLogRef) => Promise<boolean>
}

const growthPollMs = 100
const chunkBytes = 64 * 1024

/** What the executor of another process of this user has written: its logs and archives are read where they lie, while it lives and
 *  after it has died. */
export class SiblingFiles implements ExecutorFiles {
  readonly #files: TaskFiles
  readonly #options: SiblingFilesOptions

  constructor(options: SiblingFilesOptions) {
    this.#files = new TaskFiles(options.dataDir)
    this.#options = options
  }

  async openLog(log: ExecutorLogRef, options: CallOptions & { follow?: boolean } = {}): Promise<StoredContent> {
    const file = this.#files.log(log.taskId, log.step)
    const sizeBytes = await sizeOf(file)
    if (sizeBytes === null) throw new AgolaError('logDoesNotExist', `executor task ${log.taskId} has no such log`)
    if (options.follow !== true) return stored(file, sizeBytes)
    return { sizeBytes: null, stream: () => Readable.from(this.#grow(file, log, options.signal)) }
  }

  async openArchive(taskId: string, step: number): Promise<StoredContent> {
    const file = this.#files.archive(taskId, step)
    const sizeBytes = await sizeOf(file)
    if (sizeBytes === null)
      throw new AgolaError('archiveDoesNotExist', `step ${step} of executor task ${taskId} has made no archive`)
    return stored(file, sizeBytes)
  }

  async *#grow(path: string, log: ExecutorLogRef, signal: AbortSignal | undefined): AsyncGenerator<Uint8Array> {
    const file = await open(path)
    try {
      for (;;) {
        // Asked before the last read: what was written until the end is then in the file.
        const isOver = await this.#options.isOver(log)
        for (;;) {
          const { bytesRead, buffer } = await file.read(Buffer.allocUnsafe(chunkBytes), 0, chunkBytes)
          if (bytesRead === 0) break
          yield buffer.subarray(0, bytesRead)
        }
        if (isOver) return
        await this.#options.clock.sleep(growthPollMs, signal)
      }
    } finally {
      await file.close()
    }
  }
}

async function sizeOf(file: string): Promise<number | null> {
  return (await stat(file).catch(() => null))?.size ?? null
}

function stored(file: string, sizeBytes: number): StoredContent {
  return {
    sizeBytes,
    file,
    stream: () => (sizeBytes === 0 ? Readable.from([]) : createReadStream(file, { end: sizeBytes - 1 })),
  }
}

import type { DatabaseSync } from 'node:sqlite'
import { AgolaError } from '../../model/errors.ts'
import type { Clock } from '../../ports/clock.ts'
import type { Machine } from './machine.ts'
import { isBusy, sqliteError } from './sqlite-error.ts'
import { errorOf, type WriteReply, type WriteRequest } from './sqlite-request.ts'
import { SqliteThread, workerFile } from './sqlite-thread.ts'
import { SqliteWriter } from './sqlite-writer.ts'

/** `main`: this thread writes. `worker`: another one does, as soon as it is up. `auto`: this thread, until the disk has proved slow or
 *  another process holds the lock. On a fast disk a commit takes less than handing it to a thread and back; on a slow one it must not
 *  hold up everything else. */
export type WriterThread = 'main' | 'worker' | 'auto'

export interface CommitSettings {
  file: string
  sizeBytesMax?: number | undefined
  thread: WriterThread
  clock: Clock
  machine: Machine
}

export interface Waiting {
  request: WriteRequest
  resolve: (reply: Reply) => void
  reject: (error: unknown) => void
}

export type Reply = Exclude<WriteReply, { type: 'failed' }>

/** A commit may hold up this thread for so long. */
const commitMsFine = 2
/** What commits take beyond that may be this part of the time, */
const blockedPartMax = 0.2
/** and so much at once, before `auto` starts the worker: a thread of its own costs as much as hundreds of commits. */
const blockedMsMax = 200
const requestsPerBatchMax = 512
/** I/O waits no longer than one of these while commit follows commit. */
const turnMsMax = 2
const drainsPerTurnMax = 64
/** With another process writing all the time, its turn may come late (spec/storage.md 14.1: up to 3 s were seen). */
const busyMsMax = 30_000
const busyPauseMs = 10

/** Queues the writes of this process and commits all that wait together (group commit, spec/storage.md 13.3). */
export class SqliteCommits {
  readonly #settings: CommitSettings
  readonly #writer: SqliteWriter
  readonly #onCommit: () => void
  #queue: Waiting[] = []
  #isScheduled = false
  #drains = 0
  /** What commits have taken since I/O had its turn. */
  #turnMs = 0
  /** What commits took beyond what they may. */
  #blockedMs = 0
  #commitEndMs = 0
  #busySinceMs: number | undefined
  #thread: SqliteThread | undefined
  #isThreadReady = false
  #isThreadUsable = true
  #inFlight = 0
  #whenIdle: (() => void) | undefined

  /** `onCommit` is called after every batch of this process that may have changed something. */
  constructor(db: DatabaseSync, settings: CommitSettings, onCommit: () => void) {
    this.#settings = settings
    this.#writer = new SqliteWriter(db, { file: settings.file, bootId: settings.machine.bootId })
    this.#onCommit = onCommit
    if (settings.thread === 'worker') this.#startThread()
  }

  /** The reply comes after the commit. Throws what the reply carries as an error. */
  submit(request: WriteRequest): Promise<Reply> {
    return new Promise((resolve, reject) => this.add({ request, resolve, reject }))
  }

  /** As `submit`, without a promise of its own. */
  add(waiting: Waiting): void {
    this.#queue.push(waiting)
    this.#schedule()
  }

  /** Applies what is queued, then ends the thread. Nothing may be submitted any more. */
  async close(): Promise<void> {
    while (this.#queue.length > 0 || this.#inFlight > 0) {
      await new Promise<void>((resolve) => {
        this.#whenIdle = resolve
      })
    }
    await this.#thread?.close()
  }

  /** All that this turn of the event loop asks for shares a commit. I/O gets its turn between commits now and then, because a writer
   *  that asks again as soon as it is answered would otherwise keep it out for ever. */
  #schedule(): void {
    if (this.#isScheduled) return
    this.#isScheduled = true
    if (this.#drains < drainsPerTurnMax && this.#turnMs < turnMsMax) {
      process.nextTick(this.#drain)
      return
    }
    this.#drains = 0
    this.#turnMs = 0
    setImmediate(this.#drain)
  }

  readonly #drain = (): void => {
    this.#isScheduled = false
    this.#drains++
    // A thread that is up takes over; one that starts is not waited for, except by a lock that another process holds.
    if (this.#thread?.isEnded) this.#isThreadUsable = false
    const batch = this.#queue.splice(0, requestsPerBatchMax)
    if (this.#thread && this.#isThreadReady && this.#isThreadUsable) void this.#commitInThread(this.#thread, batch)
    else this.#commitHere(batch)
    if (this.#queue.length > 0) this.#schedule()
  }

  #commitHere(batch: Waiting[]): void {
    const { clock } = this.#settings
    const startMs = clock.monotonicMs()
    try {
      const replies = this.#writer.apply(this.#batchOf(batch))
      this.#busySinceMs = undefined
      this.#queue.unshift(...batch.slice(replies.length))
      answer(batch.slice(0, replies.length), replies)
    } catch (error) {
      if (isBusy(error) && this.#mayWait(startMs)) {
        this.#startThread()
        this.#queue.unshift(...batch)
        void this.#scheduleLater()
        return
      }
      const failure = sqliteError(error, this.#settings.file, 'write')
      for (const { reject } of batch) reject(failure)
    }
    const endMs = clock.monotonicMs()
    const tookMs = endMs - startMs
    this.#turnMs += tookMs
    const allowedMs = (endMs - this.#commitEndMs) * blockedPartMax
    this.#blockedMs = Math.max(0, this.#blockedMs + Math.max(0, tookMs - commitMsFine) - allowedMs)
    this.#commitEndMs = endMs
    if (this.#settings.thread === 'auto' && this.#blockedMs > blockedMsMax) this.#startThread()
    this.#committed()
  }

  async #commitInThread(thread: SqliteThread, batch: Waiting[]): Promise<void> {
    this.#inFlight++
    try {
      answer(batch, await thread.apply(this.#batchOf(batch)))
    } catch (error) {
      for (const { reject } of batch) reject(error)
    } finally {
      this.#inFlight--
      this.#committed()
    }
  }

  #committed(): void {
    this.#onCommit()
    if (this.#queue.length > 0 || this.#inFlight > 0) return
    this.#whenIdle?.()
    this.#whenIdle = undefined
  }

  #batchOf(batch: readonly Waiting[]) {
    const { machine, clock } = this.#settings
    return { requests: batch.map(({ request }) => request), monotonicMs: machine.monotonicMs(), wallMs: clock.now() }
  }

  #mayWait(nowMs: number): boolean {
    this.#busySinceMs ??= nowMs
    if (nowMs - this.#busySinceMs < busyMsMax) return true
    this.#busySinceMs = undefined
    return false
  }

  async #scheduleLater(): Promise<void> {
    await this.#settings.clock.sleep(busyPauseMs)
    this.#schedule()
  }

  #startThread(): void {
    if (this.#thread !== undefined || !this.#isThreadUsable || this.#settings.thread === 'main') return
    const url = workerFile()
    if (url === undefined) {
      this.#isThreadUsable = false
      if (this.#settings.thread === 'auto') return
      throw new AgolaError('assertionFailed', 'The file sqlite-worker is missing beside the program.')
    }
    const { file, sizeBytesMax, machine } = this.#settings
    this.#thread = new SqliteThread(url, { file, sizeBytesMax, bootId: machine.bootId })
    this.#thread.ready.then(
      () => {
        this.#isThreadReady = true
      },
      // This thread goes on writing, as it did before.
      () => {
        this.#isThreadUsable = false
      },
    )
  }
}

function answer(batch: readonly Waiting[], replies: readonly WriteReply[]): void {
  let index = 0
  for (const { resolve, reject } of batch) {
    const reply = replies[index++]
    if (reply === undefined)
      reject(new AgolaError('assertionFailed', 'The writer of the store has answered too little.'))
    else if (reply.type === 'failed') reject(errorOf(reply))
    else resolve(reply)
  }
}

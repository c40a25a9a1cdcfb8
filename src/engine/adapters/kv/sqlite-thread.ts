import { existsSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import type { Worker } from 'node:worker_threads'
import { AgolaError, messageOf } from '../../model/errors.ts'
import type { FromWorker, ToWorker, WorkerSettings, WriteBatch, WriteReply } from './sqlite-request.ts'

/** The file of the worker: beside a bundle, or beside this source. `undefined` when there is neither. */
export function workerFile(): URL | undefined {
  const candidates = ['./sqlite-worker.js', './sqlite-worker.ts'].map((name) => new URL(name, import.meta.url))
  return candidates.find((url) => existsSync(fileURLToPath(url)))
}

interface Pending {
  resolve: (replies: WriteReply[]) => void
  reject: (error: unknown) => void
}

/** The worker thread that writes, seen from the main one. Keeps the process alive only while it owes an answer. */
export class SqliteThread {
  readonly ready: Promise<void>
  readonly #worker: Worker
  readonly #ended = Promise.withResolvers<void>()
  readonly #pending = new Map<number, Pending>()
  readonly #file: string
  #lastId = 0
  #isEnded = false
  #isReady = false

  constructor(url: URL, settings: WorkerSettings) {
    this.#file = settings.file
    // Not loaded with this file: on most machines no thread is ever needed.
    const threads = process.getBuiltinModule('node:worker_threads')
    // What the program keeps compiled (src/loading.ts) does not serve a thread, which would put its own in the place of it.
    const { NODE_COMPILE_CACHE: _, ...env } = process.env
    this.#worker = new threads.Worker(url, { workerData: settings, execArgv: [], env, name: 'agola store' })
    const ready = Promise.withResolvers<void>()
    this.ready = ready.promise
    this.#worker.on('message', (message: FromWorker) => {
      if (message.type === 'ready') {
        this.#isReady = true
        ready.resolve()
      } else if (message.type === 'replies') this.#settle(message.id, (pending) => pending.resolve(message.replies))
    })
    this.#worker.on('error', (error) => {
      ready.reject(error)
      this.#fail(error)
    })
    this.#worker.on('exit', () => {
      this.#isEnded = true
      ready.reject(new Error('The thread has ended.'))
      this.#fail(undefined)
      this.#ended.resolve()
    })
    this.#worker.unref()
  }

  get isEnded(): boolean {
    return this.#isEnded
  }

  apply(batch: WriteBatch): Promise<WriteReply[]> {
    const id = ++this.#lastId
    const { promise, resolve, reject } = Promise.withResolvers<WriteReply[]>()
    this.#pending.set(id, { resolve, reject })
    this.#worker.ref()
    this.#send({ type: 'batch', id, batch })
    return promise
  }

  /** Resolves when the thread has closed its connection. What was sent before is applied and answered first. */
  async close(): Promise<void> {
    if (this.#isEnded) return
    if (!this.#isReady) return this.terminate()
    this.#worker.ref()
    this.#send({ type: 'close' })
    await this.#ended.promise
  }

  /** Ends the thread at once, whatever it does. What it was asked for may have been committed or not. */
  async terminate(): Promise<void> {
    await this.#worker.terminate()
  }

  #send(message: ToWorker): void {
    this.#worker.postMessage(message)
  }

  #settle(id: number, settle: (pending: Pending) => void): void {
    const pending = this.#pending.get(id)
    this.#pending.delete(id)
    if (this.#pending.size === 0) this.#worker.unref()
    if (pending) settle(pending)
  }

  /** The thread may have committed before it died. */
  #fail(cause: unknown): void {
    const message = `The thread that writes the store ${this.#file} has ended${cause === undefined ? '' : `: ${messageOf(cause)}`}.`
    const error = new AgolaError('outcomeUnknown', message, { cause, details: { file: this.#file } })
    for (const id of [...this.#pending.keys()]) this.#settle(id, (pending) => pending.reject(error))
  }
}

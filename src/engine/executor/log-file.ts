import { type FileHandle, mkdir, open } from 'node:fs/promises'
import { dirname } from 'node:path'
import { Readable, Writable } from 'node:stream'
import { AgolaError } from '../model/errors.ts'
import type { StoredContent } from '../ports/executor-client.ts'
import type { LogMask, MaskStream } from './log-mask.ts'

/** Output waiting to be written; above it the process that writes has to wait. */
const bufferedBytesMax = 1024 * 1024
const readBytes = 256 * 1024

/** The log of one step or set-up while it is written: masked before it reaches the file, readable meanwhile. */
export class LogFile extends Writable {
  readonly path: string
  readonly #handle: FileHandle
  readonly #mask: MaskStream
  #storedBytes = 0
  #complete = false
  #grown = Promise.withResolvers<void>()
  readonly #failed = new AbortController()

  private constructor(path: string, handle: FileHandle, mask: LogMask) {
    super({ highWaterMark: bufferedBytesMax, decodeStrings: true })
    this.path = path
    this.#handle = handle
    this.#mask = mask.stream()
    // A log that cannot be written is no event that nobody may hear: the step is told by `failed`.
    this.on('error', (error) => this.#failed.abort(error))
  }

  /** Makes the file and its directories, empty. */
  static async create(path: string, mask: LogMask): Promise<LogFile> {
    await mkdir(dirname(path), { recursive: true, mode: 0o700 })
    return new LogFile(path, await open(path, 'w', 0o600), mask)
  }

  /** Aborted when the log cannot be written any more; its reason says why. */
  get failed(): AbortSignal {
    return this.#failed.signal
  }

  line(text: string): void {
    if (!this.writableEnded && !this.destroyed) this.write(`${text}\n`)
  }

  /** Ends the log; resolves when all of it is in the file, whether that worked or not. */
  async close(): Promise<void> {
    if (!this.closed) {
      const closed = new Promise<void>((resolve) => this.once('close', resolve))
      this.end()
      await closed
    }
  }

  /** What is stored now and, as it comes, what is stored later; ends with the log. */
  follow(): StoredContent {
    return { sizeBytes: null, stream: () => Readable.from(this.#read(), { objectMode: false }) }
  }

  override _write(chunk: Buffer, _encoding: BufferEncoding, done: (error?: Error | null) => void): void {
    this.#store(this.#mask.push(chunk)).then(() => done(), done)
  }

  override _writev(chunks: { chunk: Buffer }[], done: (error?: Error | null) => void): void {
    this.#store(chunks.flatMap(({ chunk }) => this.#mask.push(chunk))).then(() => done(), done)
  }

  override _final(done: (error?: Error | null) => void): void {
    this.#store(this.#mask.end()).then(() => done(), done)
  }

  override _destroy(error: Error | null, done: (error?: Error | null) => void): void {
    this.#complete = true
    this.#wake()
    this.#handle.close().then(
      () => done(error),
      (closing: Error) => done(error ?? closing),
    )
  }

  async #store(pieces: Buffer[]): Promise<void> {
    const data = pieces.length === 1 ? (pieces[0] ?? Buffer.alloc(0)) : Buffer.concat(pieces)
    if (data.length === 0) return
    try {
      for (let written = 0; written < data.length; ) {
        const { bytesWritten } = await this.#handle.write(data, written)
        written += bytesWritten
        this.#storedBytes += bytesWritten
      }
    } catch (error) {
      throw asLogFailure(error, this.path)
    }
    this.#wake()
  }

  #wake(): void {
    this.#grown.resolve()
    this.#grown = Promise.withResolvers()
  }

  async *#read(): AsyncGenerator<Buffer> {
    const handle = await open(this.path, 'r')
    try {
      let position = 0
      for (;;) {
        if (position < this.#storedBytes) {
          const length = Math.min(readBytes, this.#storedBytes - position)
          const { bytesRead, buffer } = await handle.read(Buffer.allocUnsafe(length), 0, length, position)
          if (bytesRead === 0) return
          position += bytesRead
          yield buffer.subarray(0, bytesRead)
        } else if (this.#complete) return
        else await this.#grown.promise
      }
    } finally {
      await handle.close()
    }
  }
}

function asLogFailure(error: unknown, path: string): Error {
  if (error instanceof Error && 'code' in error && error.code === 'ENOSPC') {
    return new AgolaError('diskFull', `no space left on the device for the log ${path}`, { cause: error })
  }
  return error instanceof Error ? error : new Error(String(error))
}

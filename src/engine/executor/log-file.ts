import { closeSync, openSync, readSync, write, writeSync } from 'node:fs'
import { dirname } from 'node:path'
import { Readable, Writable } from 'node:stream'
import { promisify } from 'node:util'
import { AgolaError } from '../model/errors.ts'
import type { StoredContent } from '../ports/executor-client.ts'
import { makeDirectory } from '../std/make-directory.ts'
import type { LogMask, MaskStream } from './log-mask.ts'

/** Output is gathered in two buffers: one fills while the other is written. When both are full whoever writes has to wait. They are small
 *  until one was full: most logs are short. */
const bufferBytes = 512 * 1024
const firstBufferBytes = 8 * 1024
const readBytes = 256 * 1024
const lineFeed = Buffer.from('\n')
const writeInThread = promisify(write)

/** The log of one step or set-up while it is written: masked before it reaches the file, readable meanwhile. What takes the
 *  system microseconds is done here and now, all but large writes: a thread hears of it later than it is done. */
export class LogFile extends Writable {
  readonly path: string
  readonly #file: number
  readonly #mask: LogMask
  readonly #masked: MaskStream
  #lastLine = ''
  /** What `line` said and is not in the log yet. */
  readonly #lines = new WeakSet<Buffer>()
  /** What came last has not ended its line. */
  #isWithinLine = false
  /** Masked bytes on their way to `#filling`; more than fits only while a write of the stream is held up. */
  #queue: Buffer[] = []
  #filling = Buffer.allocUnsafe(firstBufferBytes)
  #filledBytes = 0
  #spare = Buffer.allocUnsafe(firstBufferBytes)
  #isWriting = false
  #soon: NodeJS.Immediate | undefined
  /** Called once the queue is empty, or everything is in the file. */
  #onTaken: Done | undefined
  #onStored: Done | undefined
  /** Called once the write is over that was under way when the log was destroyed. */
  #onWritten: (() => void) | undefined
  #storedBytes = 0
  #complete = false
  #grown = Promise.withResolvers<void>()
  readonly #failed = new AbortController()

  private constructor(path: string, file: number, mask: LogMask) {
    super({ highWaterMark: bufferBytes, decodeStrings: true })
    this.path = path
    this.#file = file
    this.#mask = mask
    this.#masked = mask.stream()
    // A log that cannot be written is no event that nobody may hear: the step is told by `failed`.
    this.on('error', (error) => this.#failed.abort(error))
  }

  /** Makes the file and its directories, empty. */
  static async create(path: string, mask: LogMask): Promise<LogFile> {
    await makeDirectory(dirname(path), { mode: 0o700 })
    return new LogFile(path, openSync(path, 'w', 0o600), mask)
  }

  /** Aborted when the log cannot be written any more; its reason says why. */
  get failed(): AbortSignal {
    return this.#failed.signal
  }

  /** What is in the file; of a closed log everything that could be written. */
  get sizeBytes(): number {
    return this.#storedBytes
  }

  /** What was said last by `line`; masked. */
  get lastLine(): string {
    return this.#mask.text(this.#lastLine)
  }

  /** Says something on a line of its own. */
  line(text: string): void {
    this.#lastLine = text
    if (this.writableEnded || this.destroyed) return
    const line = Buffer.from(`${text}\n`)
    this.#lines.add(line)
    this.write(line)
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

  override _write(chunk: Buffer, _encoding: BufferEncoding, done: Done): void {
    if (this.#isWithinLine && this.#lines.has(chunk)) this.#queue.push(...this.#masked.push(lineFeed))
    this.#queue.push(...this.#masked.push(chunk))
    if (chunk.length > 0) this.#isWithinLine = chunk.at(-1) !== lineFeed[0]
    this.#onTaken = done
    this.#move()
  }

  override _final(done: Done): void {
    this.#queue.push(...this.#masked.end())
    this.#onStored = done
    this.#move()
  }

  override _destroy(error: Error | null, done: (error?: Error | null) => void): void {
    this.#complete = true
    clearImmediate(this.#soon)
    this.#wake()
    const close = () => {
      try {
        closeSync(this.#file)
        done(error)
      } catch (closing) {
        done(error ?? (closing as Error))
      }
    }
    // A thread that still writes must not find another file under the number.
    if (this.#isWriting) this.#onWritten = close
    else close()
  }

  /** Takes all that fits out of the queue, and writes it unless a write is under way. */
  #move(): void {
    let piece = this.#queue.shift()
    while (piece !== undefined) {
      const taken = piece.copy(this.#filling, this.#filledBytes)
      this.#filledBytes += taken
      if (taken < piece.length) {
        this.#queue.unshift(piece.subarray(taken))
        break
      }
      piece = this.#queue.shift()
    }
    this.#writeSoon()
    if (this.#queue.length > 0) return
    const onTaken = this.#onTaken
    this.#onTaken = undefined
    onTaken?.()
    if (this.#isWriting || this.#filledBytes > 0 || this.#onStored === undefined) return
    this.#onStored()
    this.#onStored = undefined
  }

  /** What comes together is written together: a write costs as much as masking some hundred kilobytes. */
  #writeSoon(): void {
    if (this.#isWriting || this.#filledBytes === 0) return
    if (this.#filledBytes === this.#filling.length) void this.#writeFilled()
    else this.#soon ??= setImmediate(() => void this.#writeFilled())
  }

  async #writeFilled(): Promise<void> {
    clearImmediate(this.#soon)
    this.#soon = undefined
    const data = this.#filling.subarray(0, this.#filledBytes)
    const written = this.#filling
    const nextBytes = data.length === written.length ? bufferBytes : written.length
    this.#filling = this.#spare.length === nextBytes ? this.#spare : Buffer.allocUnsafeSlow(nextBytes)
    this.#filledBytes = 0
    this.#isWriting = true
    const failure = await this.#store(data).then(
      () => null,
      (error: unknown) => asLogFailure(error, this.path),
    )
    this.#spare = written
    this.#isWriting = false
    this.#onWritten?.()
    if (failure === null && !this.destroyed) {
      this.#wake()
      this.#move()
      return
    }
    const reason = failure ?? new Error(`the log ${this.path} was closed`)
    const failed = this.#onTaken ?? this.#onStored
    this.destroy(reason)
    failed?.(reason)
  }

  async #store(data: Buffer): Promise<void> {
    for (let start = 0; start < data.length; ) {
      const isSmall = data.length - start <= firstBufferBytes
      const bytesWritten = isSmall
        ? writeSync(this.#file, data, start)
        : (await writeInThread(this.#file, data, start)).bytesWritten
      start += bytesWritten
      this.#storedBytes += bytesWritten
    }
  }

  #wake(): void {
    this.#grown.resolve()
    this.#grown = Promise.withResolvers()
  }

  async *#read(): AsyncGenerator<Buffer> {
    const file = openSync(this.path, 'r')
    try {
      let position = 0
      for (;;) {
        if (position < this.#storedBytes) {
          const length = Math.min(readBytes, this.#storedBytes - position)
          const buffer = Buffer.allocUnsafe(length)
          const bytesRead = readSync(file, buffer, 0, length, position)
          if (bytesRead === 0) return
          position += bytesRead
          yield buffer.subarray(0, bytesRead)
        } else if (this.#complete) return
        else await this.#grown.promise
      }
    } finally {
      closeSync(file)
    }
  }
}

type Done = (error?: Error | null) => void

function asLogFailure(error: unknown, path: string): Error {
  if (error instanceof Error && 'code' in error && error.code === 'ENOSPC') {
    return new AgolaError('diskFull', `no space left on the device for the log ${path}`, { cause: error })
  }
  return error instanceof Error ? error : new Error(String(error))
}

import { writeSync } from 'node:fs'
import type { Writable } from 'node:stream'
import { setImmediate as nextTurn } from 'node:timers/promises'
import { AgolaError, messageOf } from '../engine/model/errors.ts'
import { systemTrouble } from '../engine/std/system-trouble.ts'

/** A line at the end of the terminal that stays there while others write. */
export interface LineBelow {
  erase(): void
  draw(): void
}

/** Writes to stdout or stderr in order, waiting for a slow reader. A reader that went away (`| head`) is noticed once;
 *  what is written after that is dropped, because a run does not end with its spectator. So is what comes after a failure,
 *  such as a full disk, which `end` throws. */
export class Output {
  private readonly stream: Writable
  private readonly onClosed: (failure: AgolaError | null) => void
  private readonly name: string
  private closed = false
  /** Why nothing more can be written; null: nothing failed, or the reader went away. */
  private failure: AgolaError | null = null
  /** Stays below what is written to a terminal. */
  below: LineBelow | null = null

  constructor(stream: Writable, onClosed: (failure: AgolaError | null) => void, name = 'standard output') {
    this.stream = stream
    this.onClosed = onClosed
    this.name = name
    stream.on('error', (error) => this.close(error))
    stream.on('close', () => this.close(null))
  }

  get isClosed(): boolean {
    return this.closed
  }

  /** Resolves when more can be written without filling memory. */
  async write(text: string | Uint8Array): Promise<void> {
    if (this.closed || text.length === 0 || this.hand(text)) return
    await new Promise<void>((resolve) => {
      const done = () => {
        for (const name of ['drain', 'close', 'error']) this.stream.removeListener(name, done)
        resolve()
      }
      for (const name of ['drain', 'close', 'error']) this.stream.once(name, done)
    })
  }

  /** Resolves when everything written was handed to the system, so that the process may end. */
  async flush(): Promise<void> {
    if (this.closed) return
    // A full disk refuses even to take nothing. What it has refused already is known with the next turn.
    if (this.stream.writableLength === 0) return await nextTurn()
    await new Promise<void>((resolve) => {
      this.stream.once('error', () => resolve())
      this.stream.write('', () => resolve())
    })
  }

  /** As `flush`; `outputFailed` when something could not be written. */
  async end(): Promise<void> {
    await this.flush()
    if (this.failure !== null) throw this.failure
  }

  private hand(text: string | Uint8Array): boolean {
    const below = 'isTTY' in this.stream && this.stream.isTTY === true ? this.below : null
    below?.erase()
    const goesOn = this.stream.write(text)
    below?.draw()
    return goesOn
  }

  private close(error: unknown): void {
    if (this.closed) return
    this.closed = true
    if (error !== null && !this.isReaderGone(error)) this.failure = outputFailed(this.name, error)
    this.onClosed(this.failure)
  }

  private isReaderGone(error: unknown): boolean {
    const code = error instanceof Error && 'code' in error ? error.code : undefined
    // A terminal that was closed answers so.
    if (code === 'EIO') return 'isTTY' in this.stream && this.stream.isTTY === true
    return code === 'EPIPE' || code === 'ECONNRESET' || code === 'ERR_STREAM_DESTROYED'
  }
}

/** Does the work of a command; `outputFailed` when standard output could not be written, whoever wrote to it. */
export async function withStandardOutput(work: () => Promise<void>): Promise<void> {
  // The library's own listener would end the process at once, with everything that runs.
  process.stdout.removeAllListeners('error')
  if (isFile(process.stdout)) writeWholly(process.stdout)
  const stdout = new Output(process.stdout, () => undefined)
  await work()
  await stdout.end()
}

function isFile(stream: Writable): boolean {
  return '_type' in stream && stream._type === 'fs'
}

/** Node asks a file once and takes it for granted that it has taken everything: the rest would be lost where a disk gets full. */
function writeWholly(stream: Writable & { fd: number }): void {
  stream._write = (chunk: Uint8Array, _encoding, callback) => {
    try {
      for (let written = 0; written < chunk.length; ) written += writeSync(stream.fd, chunk, written)
      callback()
    } catch (error) {
      callback(error instanceof Error ? error : new Error(messageOf(error)))
    }
  }
}

export function outputFailed(name: string, error: unknown): AgolaError {
  const text = `${name} cannot be written: ${messageOf(systemTrouble(error))}. Write it to another place, or mend that.`
  return new AgolaError('outputFailed', text, { cause: error })
}

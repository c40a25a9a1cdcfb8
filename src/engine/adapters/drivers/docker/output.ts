import type { Readable, Writable } from 'node:stream'
import { AgolaError } from '../../../model/errors.ts'

/** Hands bytes on to the streams of an exec, holding the source back while one of them is full.
 *  A stream that fails is written to no more; the rest of the output goes on, and `flushed` rejects with the failure. */
export class ExecOutput {
  readonly #source: Readable
  #waiting = 0
  #unwritten = 0
  #failure: unknown
  #idle: (() => void) | undefined

  constructor(source: Readable) {
    this.#source = source
  }

  write(stream: Writable | null, chunk: Buffer): void {
    if (stream === null || this.#failure !== undefined) return
    if (stream.destroyed || stream.writableEnded) {
      this.#failure = new Error('a stream for the output of a command was closed early')
      return
    }
    this.#unwritten++
    const hasRoom = stream.write(chunk, (error) => {
      this.#unwritten--
      if (error) this.#fail(error)
      if (this.#unwritten === 0) this.#idle?.()
    })
    if (!hasRoom) this.#waitFor(stream)
  }

  /** Resolves when all that was written has been taken. */
  async flushed(): Promise<void> {
    if (this.#unwritten > 0) {
      await new Promise<void>((resolve) => {
        this.#idle = resolve
      })
    }
    if (this.#failure !== undefined) throw this.#failure
  }

  #waitFor(stream: Writable): void {
    this.#waiting++
    this.#source.pause()
    const go = () => {
      stream.off('drain', go)
      stream.off('close', go)
      if (--this.#waiting === 0) this.#source.resume()
    }
    stream.on('drain', go)
    stream.on('close', go)
  }

  #fail(error: unknown): void {
    this.#failure ??= error
  }
}

const headerBytes = 8

/** Splits Docker's multiplexed stream: frames of a type (1 stdout, 2 stderr), three zeros, a length (big endian), the bytes.
 *  Bytes are handed on as they come, never gathered. @throws assertionFailed for what is no such stream. */
export class Demultiplexer {
  readonly #onBytes: (stream: 1 | 2, bytes: Buffer) => void
  readonly #header = Buffer.alloc(headerBytes)
  #headerFilled = 0
  #stream: 1 | 2 = 1
  #remaining = 0

  constructor(onBytes: (stream: 1 | 2, bytes: Buffer) => void) {
    this.#onBytes = onBytes
  }

  push(chunk: Buffer): void {
    let offset = 0
    while (offset < chunk.length) {
      if (this.#remaining === 0) {
        offset = this.#readHeader(chunk, offset)
        continue
      }
      const end = Math.min(chunk.length, offset + this.#remaining)
      this.#onBytes(this.#stream, chunk.subarray(offset, end))
      this.#remaining -= end - offset
      offset = end
    }
  }

  #readHeader(chunk: Buffer, offset: number): number {
    const taken = chunk.copy(this.#header, this.#headerFilled, offset, offset + headerBytes - this.#headerFilled)
    this.#headerFilled += taken
    if (this.#headerFilled < headerBytes) return offset + taken
    this.#headerFilled = 0
    const kind = this.#header[0] ?? 255
    if (kind > 2) throw new AgolaError('assertionFailed', `the engine sent a frame of unknown kind ${kind}`)
    this.#stream = kind === 2 ? 2 : 1
    this.#remaining = this.#header.readUInt32BE(4)
    return offset + taken
  }
}

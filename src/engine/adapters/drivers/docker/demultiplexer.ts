import { AgolaError } from '../../../model/errors.ts'

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

import { Writable } from 'node:stream'
import { decodeName } from './name-codec.ts'

/** Takes what a command of the pod prints as names that each end with NUL. What `take` throws is the error of the stream. */
export class NamesOutput extends Writable {
  readonly #take: (name: string) => void
  #partial: Buffer = Buffer.alloc(0)

  constructor(take: (name: string) => void) {
    super()
    this.#take = take
    // Whoever waits for the command hears of it there.
    this.on('error', () => undefined)
  }

  override _write(chunk: Buffer, _encoding: BufferEncoding, done: (error?: Error | null) => void): void {
    try {
      let rest = Buffer.concat([this.#partial, chunk])
      for (let end = rest.indexOf(0); end !== -1; end = rest.indexOf(0)) {
        this.#take(decodeName(rest.subarray(0, end)))
        rest = rest.subarray(end + 1)
      }
      this.#partial = Buffer.from(rest)
      done()
    } catch (error) {
      done(error instanceof Error ? error : new Error(String(error)))
    }
  }
}

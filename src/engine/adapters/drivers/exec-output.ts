import type { Readable, Writable } from 'node:stream'

/** Hands bytes on to the streams of an exec, holding the source back while one of them is full.
 *  A stream that fails is written to no more; the rest of the output goes on, and `flushed` rejects with the failure. */
export class ExecOutput {
  readonly #source: Readable
  readonly #full = new Set<Writable>()
  #unwritten = 0
  #failure: unknown
  #idle: (() => void) | undefined

  constructor(source: Readable) {
    this.#source = source
  }

  /** The source waits for a reader. */
  get isHeldBack(): boolean {
    return this.#full.size > 0
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
    if (this.#full.has(stream)) return
    this.#full.add(stream)
    this.#source.pause()
    const go = () => {
      stream.off('drain', go)
      stream.off('close', go)
      this.#full.delete(stream)
      if (this.#full.size === 0) this.#source.resume()
    }
    stream.on('drain', go)
    stream.on('close', go)
  }

  #fail(error: unknown): void {
    this.#failure ??= error
  }
}

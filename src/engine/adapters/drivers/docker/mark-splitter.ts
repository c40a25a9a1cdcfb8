/** Takes lines that begin with a mark out of a stream that comes in pieces; all else is handed on as it comes. The first character of the
 *  mark is nowhere else in it. */
export class MarkSplitter {
  readonly #mark: Buffer
  readonly #onBytes: (bytes: Buffer) => void
  readonly #onMark: (rest: string) => void
  #held: Buffer = Buffer.alloc(0)

  constructor(mark: string, handlers: { onBytes: (bytes: Buffer) => void; onMark: (rest: string) => void }) {
    this.#mark = Buffer.from(mark)
    this.#onBytes = handlers.onBytes
    this.#onMark = handlers.onMark
  }

  push(bytes: Buffer): void {
    let left = this.#held.length === 0 ? bytes : Buffer.concat([this.#held, bytes])
    for (;;) {
      const start = this.#findMark(left)
      const end = left.indexOf('\n', start + this.#mark.length)
      if (start > 0) this.#onBytes(left.subarray(0, start))
      if (start === left.length || end === -1) {
        this.#held = Buffer.from(left.subarray(start))
        return
      }
      this.#onMark(left.toString('utf8', start + this.#mark.length, end).trim())
      left = left.subarray(end + 1)
    }
  }

  /** Where a mark begins, or what may become one; the length where there is none. */
  #findMark(bytes: Buffer): number {
    const first = this.#mark[0] ?? 0
    for (let at = bytes.indexOf(first); at !== -1; at = bytes.indexOf(first, at + 1)) {
      const length = Math.min(this.#mark.length, bytes.length - at)
      if (bytes.compare(this.#mark, 0, length, at, at + length) === 0) return at
    }
    return bytes.length
  }
}

import { LogLines } from './log-lines.ts'

export const tailBytesMax = 16 * 1024

/** The end of a log in constant memory, for the summary. */
export class LogTail {
  #ring: Buffer | null = null
  #length = 0
  #end = 0

  push(bytes: Uint8Array): void {
    this.#ring ??= Buffer.allocUnsafe(tailBytesMax)
    const part = bytes.length > tailBytesMax ? bytes.subarray(bytes.length - tailBytesMax) : bytes
    const first = Math.min(part.length, tailBytesMax - this.#end)
    this.#ring.set(part.subarray(0, first), this.#end)
    this.#ring.set(part.subarray(first), 0)
    this.#end = (this.#end + part.length) % tailBytesMax
    this.#length += bytes.length
  }

  /** At most `count` printable lines. The first may have lost its beginning. */
  lines(count: number): string[] {
    if (this.#ring === null) return []
    const bytes =
      this.#length <= tailBytesMax
        ? this.#ring.subarray(0, this.#length)
        : Buffer.concat([this.#ring.subarray(this.#end), this.#ring.subarray(0, this.#end)])
    const reader = new LogLines()
    const text = reader.push(bytes) + reader.end()
    return text.split('\n').slice(0, -1).slice(-count)
  }
}

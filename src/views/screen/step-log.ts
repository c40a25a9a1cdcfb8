import { LogLines } from '../log-lines.ts'

/** The end of a log that is kept in memory. */
export const ringBytes = 256 * 1024
/** Lines between two noted positions, from which reading back can begin. */
const noteLines = 1000
/** Bytes that are read back at once. */
const readBytes = 256 * 1024

/** Reads a part of a stored log; fewer bytes at its end. */
export type ReadLog = (range: { offset: number; length: number }) => Promise<Uint8Array>

/** The log of one step: its end in memory, older lines read back from where the log is stored. Taking in output costs a copy
 *  and a count of line feeds; text is made only of what is looked at. */
export class StepLog {
  #ring: Buffer | null = null
  #total = 0
  #lineFeeds = 0
  /** Byte offsets of every `noteLines`-th line. */
  readonly #notes: number[] = [0]
  #text: { total: number; first: number; lines: string[] } | null = null
  #page: { first: number; lines: string[] } | null = null

  push(bytes: Uint8Array): void {
    this.#ring ??= Buffer.allocUnsafe(ringBytes)
    this.#count(bytes)
    const kept = bytes.length > ringBytes ? bytes.subarray(bytes.length - ringBytes) : bytes
    const end = (this.#total + bytes.length - kept.length) % ringBytes
    const first = Math.min(kept.length, ringBytes - end)
    this.#ring.set(kept.subarray(0, first), end)
    this.#ring.set(kept.subarray(first), 0)
    this.#total += bytes.length
  }

  /** Gives the memory back. Lines are read back from now on, if they can be. */
  evict(): void {
    this.#ring = null
    this.#text = null
  }

  /** Lines that have begun. */
  get lineCount(): number {
    const { first, lines } = this.#recent()
    return Math.max(this.#lineFeeds, first + lines.length)
  }

  get bytes(): number {
    return this.#total
  }

  /** Lines from number `from` on; null when they are not in memory. */
  lines(from: number, count: number): string[] | null {
    const recent = this.#recent()
    if (from >= recent.first) return recent.lines.slice(from - recent.first, from - recent.first + count)
    const page = this.#page
    if (page === null || from < page.first) return null
    const found = page.lines.slice(from - page.first, from - page.first + count)
    if (found.length === count) return found
    return page.first + page.lines.length >= recent.first ? [...found, ...recent.lines].slice(0, count) : null
  }

  /** Reads lines back so that `lines` has them. */
  async load(from: number, read: ReadLog): Promise<void> {
    const note = Math.min(Math.floor(from / noteLines), this.#notes.length - 1)
    let offset = this.#notes[note] ?? 0
    let first = note * noteLines
    for (;;) {
      const bytes = await read({ offset, length: readBytes })
      const lines = linesOf(bytes)
      const whole = bytes.length < readBytes ? lines.length : lines.length - 1
      this.#page = { first, lines: lines.slice(0, Math.max(1, whole)) }
      // A page is twice as far as anybody scrolls at once, so a view that begins in its last lines needs the next one.
      if (bytes.length < readBytes || from < first + Math.max(1, whole - 200)) return
      const end = bytes.lastIndexOf(10) + 1
      if (end === 0) return
      offset += end
      first += whole
    }
  }

  #count(bytes: Uint8Array): void {
    for (let at = bytes.indexOf(10); at >= 0; at = bytes.indexOf(10, at + 1)) {
      this.#lineFeeds += 1
      if (this.#lineFeeds % noteLines === 0) this.#notes.push(this.#total + at + 1)
    }
  }

  #recent(): { first: number; lines: string[] } {
    if (this.#text?.total === this.#total) return this.#text
    if (this.#ring === null) return { first: this.#lineFeeds, lines: [] }
    const end = this.#total % ringBytes
    const bytes =
      this.#total <= ringBytes
        ? this.#ring.subarray(0, this.#total)
        : Buffer.concat([this.#ring.subarray(end), this.#ring.subarray(0, end)])
    // The oldest line in the ring has lost its beginning, unless nothing was lost.
    const start = this.#total <= ringBytes ? 0 : bytes.indexOf(10) + 1
    const lines = linesOf(bytes.subarray(start))
    const feeds = bytes.at(-1) === 10 || bytes.length === start ? lines.length : lines.length - 1
    this.#text = { total: this.#total, first: this.#lineFeeds - Math.max(0, feeds), lines }
    return this.#text
  }
}

function linesOf(bytes: Uint8Array): string[] {
  const reader = new LogLines()
  const text = reader.push(bytes) + reader.end()
  return text === '' ? [] : text.slice(0, -1).split('\n')
}

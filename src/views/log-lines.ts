import { cleanText } from './clean-text.ts'
import { Utf8Decoder } from './utf8-decoder.ts'

/** Characters of a line that are shown; a longer one is cut there and says so. The stored log has all of it. */
export const lineLengthMax = 16 * 1024

export interface LogLinesOptions {
  /** Nothing is cut: what is longer than `lineLengthMax` comes in pieces, and only the last of them has the line feed. */
  whole?: boolean
  /** Where the rest of a line that was cut can be seen. */
  rest?: string
}

/** Bytes of a log to printable text, whole lines at a time. Holds back the unfinished line, never more than `lineLengthMax`. */
export class LogLines {
  readonly #decoder = new Utf8Decoder()
  readonly #whole: boolean
  readonly #rest: string
  /** The beginning of the unfinished line was handed out already. */
  #hasBegun = false
  #partial = ''
  /** Characters dropped from the unfinished line. */
  #dropped = 0

  constructor({ whole = false, rest = 'in the log' }: LogLinesOptions = {}) {
    this.#whole = whole
    this.#rest = rest
  }

  /** A line was begun that has not ended yet. */
  get isUnfinished(): boolean {
    return this.#partial !== '' || this.#dropped > 0 || this.#hasBegun
  }

  /** Of the unfinished line more has come than is shown. */
  get isCut(): boolean {
    return this.#dropped > 0
  }

  /** The lines that these bytes complete, each with its line feed; '' when there is none. */
  push(bytes: Uint8Array): string {
    const text = this.#decoder.decode(bytes)
    const end = text.lastIndexOf('\n') + 1
    if (end === 0) {
      this.#hold(text)
      return this.#piece()
    }
    const first = text.indexOf('\n') + 1
    const head = this.#finish(text.slice(0, first))
    const lines = end === first ? head : head + this.#limit(text.slice(first, end))
    this.#hold(text.slice(end))
    return cleanText(lines) + this.#piece()
  }

  /** The unfinished line, ended with a line feed; '' when there is none. */
  flush(): string {
    return this.isUnfinished ? cleanText(this.#finish('\n')) : ''
  }

  end(): string {
    this.#hold(this.#decoder.end())
    return this.flush()
  }

  #hold(text: string): void {
    if (text === '') return
    // A progress bar rewrites its line for hours: what it overwrote is never shown. A return at the very end may belong to a
    // line feed that comes next.
    const overwritten = text.includes('\r') ? text.replace(/\r+$/, '').lastIndexOf('\r') : -1
    if (overwritten >= 0 || (this.#partial.endsWith('\r') && !text.startsWith('\r'))) {
      this.#partial = ''
      this.#dropped = 0
    }
    const added = overwritten > 0 ? text.slice(overwritten) : text
    if (this.#whole) {
      this.#partial += added
      return
    }
    const room = lineLengthMax - this.#partial.length
    this.#dropped += Math.max(0, added.length - room)
    this.#partial += added.length > room ? added.slice(0, Math.max(0, room)) : added
  }

  #finish(rest: string): string {
    this.#hold(rest.slice(0, -1))
    const line = this.#dropped === 0 ? this.#partial : this.#cut(this.#partial, this.#dropped)
    this.#partial = ''
    this.#dropped = 0
    this.#hasBegun = false
    return `${line}\n`
  }

  /** As much of a long unfinished line as can be told apart from what comes next; '' unless all of it is to be shown. */
  #piece(): string {
    if (!this.#whole || this.#partial.length <= lineLengthMax) return ''
    const unclear = unclearEnd.exec(this.#partial)?.[0].length ?? 0
    const piece = this.#partial.slice(0, this.#partial.length - unclear)
    this.#partial = this.#partial.slice(piece.length)
    this.#hasBegun = true
    return cleanText(piece)
  }

  #limit(text: string): string {
    if (this.#whole || text.length <= lineLengthMax) return text
    let start = 0
    for (let end = text.indexOf('\n'); end >= 0; end = text.indexOf('\n', start)) {
      if (end - start > lineLengthMax) return text.split('\n').map(this.#limitLine, this).join('\n')
      start = end + 1
    }
    return text
  }

  #limitLine(line: string): string {
    return line.length <= lineLengthMax ? line : this.#cut(line.slice(0, lineLengthMax), line.length - lineLengthMax)
  }

  #cut(line: string, dropped: number): string {
    // Half of a surrogate pair would print as a box.
    const whole = /[\ud800-\udbff]$/.test(line) ? line.slice(0, -1) : line
    return `${whole} … (${dropped} more characters ${this.#rest})`
  }
}

/** A carriage return that may belong to a line feed, or the beginning of a control sequence. */
const unclearEnd = /(?:\r|[\x1b\x90-\x9f][^\x1b]{0,100})$/

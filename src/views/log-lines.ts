import { cleanText } from './clean-text.ts'
import { Utf8Decoder } from './utf8-decoder.ts'

/** Characters of a line that are shown; a longer one is cut there and says so. The stored log has all of it. */
export const lineLengthMax = 16 * 1024

/** Bytes of a log to printable text, whole lines at a time. Holds back the unfinished line, never more than `lineLengthMax`. */
export class LogLines {
  readonly #decoder = new Utf8Decoder()
  #partial = ''
  /** Characters dropped from the unfinished line. */
  #dropped = 0

  /** The lines that these bytes complete, each with its line feed; '' when there is none. */
  push(bytes: Uint8Array): string {
    const text = this.#decoder.decode(bytes)
    const end = text.lastIndexOf('\n') + 1
    if (end === 0) {
      this.#hold(text)
      return ''
    }
    const first = text.indexOf('\n') + 1
    const head = this.#finish(text.slice(0, first))
    const lines = end === first ? head : head + limitLines(text.slice(first, end))
    this.#hold(text.slice(end))
    return cleanText(lines)
  }

  /** The unfinished line, ended with a line feed; '' when there is none. */
  flush(): string {
    if (this.#partial === '' && this.#dropped === 0) return ''
    return cleanText(this.#finish('\n'))
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
    const room = lineLengthMax - this.#partial.length
    this.#dropped += Math.max(0, added.length - room)
    this.#partial += added.length > room ? added.slice(0, Math.max(0, room)) : added
  }

  #finish(rest: string): string {
    this.#hold(rest.slice(0, -1))
    const line = this.#dropped === 0 ? this.#partial : cut(this.#partial, this.#dropped)
    this.#partial = ''
    this.#dropped = 0
    return `${line}\n`
  }
}

function limitLines(text: string): string {
  if (text.length <= lineLengthMax) return text
  let start = 0
  for (let end = text.indexOf('\n'); end >= 0; end = text.indexOf('\n', start)) {
    if (end - start > lineLengthMax) return text.split('\n').map(limitLine).join('\n')
    start = end + 1
  }
  return text
}

function limitLine(line: string): string {
  return line.length <= lineLengthMax ? line : cut(line.slice(0, lineLengthMax), line.length - lineLengthMax)
}

function cut(line: string, dropped: number): string {
  // Half of a surrogate pair would print as a box.
  const whole = /[\ud800-\udbff]$/.test(line) ? line.slice(0, -1) : line
  return `${whole} … (${dropped} more characters in the log)`
}

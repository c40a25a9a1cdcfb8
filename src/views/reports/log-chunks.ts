import { LogLines } from '../log-lines.ts'

/** Whole lines of one log, ready to be shown without the lines before them. */
export interface LogChunk {
  text: string
  lines: number
}

/** A chunk is what a page decodes to show one line of it. */
const chunkLength = 512 * 1024
const pieceBytes = 64 * 1024
/** UTF-8 bytes of the longest chunk: one more piece and an unfinished line may come on top, three bytes a character. */
export const chunkBytesMax = 2 * 1024 * 1024

/** The printable lines of one step's log in chunks. Each begins with the colours that the lines before it have left on. */
export class LogChunks {
  readonly #lines = new LogLines()
  #text = ''
  #colours = ''

  /** The chunks that these bytes complete. */
  push(bytes: Uint8Array): LogChunk[] {
    const chunks: LogChunk[] = []
    for (let start = 0; start < bytes.length; start += pieceBytes) {
      this.#text += this.#lines.push(bytes.subarray(start, start + pieceBytes))
      if (this.#text.length >= chunkLength) chunks.push(this.#take())
    }
    return chunks
  }

  /** The rest; null when there is none. */
  end(): LogChunk | null {
    this.#text += this.#lines.end()
    return this.#text === '' ? null : this.#take()
  }

  #take(): LogChunk {
    const text = this.#text
    const colours = this.#colours
    this.#text = ''
    this.#colours = coloursAfter(text, colours)
    return { text: colours + text, lines: countLines(text) }
  }
}

/** A program that never resets its colours must not grow what every chunk begins with. */
const coloursLengthMax = 200

function coloursAfter(text: string, before: string): string {
  if (!text.includes('\x1b')) return before
  let colours = before
  for (const [sequence, codes] of text.matchAll(/\x1b\[([0-9;:]*)m/g)) {
    colours = codes === '' || codes === '0' ? '' : (colours + sequence).slice(-coloursLengthMax)
  }
  return colours.slice(Math.max(0, colours.indexOf('\x1b')))
}

function countLines(text: string): number {
  let count = 0
  for (let at = text.indexOf('\n'); at >= 0; at = text.indexOf('\n', at + 1)) count += 1
  return count
}

import type { SourcePosition } from './evaluation.ts'

/** One file of a program, able to turn offsets into lines and columns. */
export class Source {
  readonly name: string
  readonly text: string
  #lineStarts: number[] | undefined

  constructor(name: string, text: string) {
    this.name = name
    this.text = text
  }

  /** Line and column of an offset, from 1; columns count bytes of UTF-8, as go-jsonnet does. */
  position(offset: number): SourcePosition {
    const line = this.#lineAt(offset)
    const start = this.#starts()[line] ?? 0
    return { file: this.name, line: line + 1, column: Buffer.byteLength(this.text.slice(start, offset)) + 1 }
  }

  /** The text of the line that holds the offset, and the offset within it, in UTF-16 units. */
  lineOf(offset: number): { text: string; at: number } {
    const start = this.#starts()[this.#lineAt(offset)] ?? 0
    const end = this.text.indexOf('\n', start)
    return { text: this.text.slice(start, end < 0 ? undefined : end), at: offset - start }
  }

  #starts(): number[] {
    if (this.#lineStarts === undefined) {
      const starts = [0]
      for (let at = this.text.indexOf('\n'); at >= 0; at = this.text.indexOf('\n', at + 1)) starts.push(at + 1)
      this.#lineStarts = starts
    }
    return this.#lineStarts
  }

  #lineAt(offset: number): number {
    const starts = this.#starts()
    let low = 0
    let high = starts.length - 1
    while (low < high) {
      const middle = (low + high + 1) >> 1
      if ((starts[middle] ?? 0) <= offset) low = middle
      else high = middle - 1
    }
    return low
  }
}

/** A stretch of a source, `end` exclusive, and what it belongs to: `function <f>`, `field <x>`, `$` for the file itself. */
export class Place {
  readonly source: Source
  readonly start: number
  readonly end: number
  readonly context: string

  constructor(source: Source, start: number, end: number, context = '$') {
    this.source = source
    this.start = start
    this.end = end
    this.context = context
  }

  position(): SourcePosition {
    return this.source.position(this.start)
  }

  /** `FILE:LINE:COL-COL`, `FILE:LINE:COL` for a point, `FILE:(LINE:COL)-(LINE:COL)` over lines. */
  toString(): string {
    const from = this.position()
    const to = this.source.position(this.end)
    const file = this.source.name === '' ? '' : `${this.source.name}:`
    if (from.line !== to.line) return `${file}(${from.line}:${from.column})-(${to.line}:${to.column})`
    return `${file}${from.line}:${from.column}${from.column === to.column ? '' : `-${to.column}`}`
  }
}

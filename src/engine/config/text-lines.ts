/** Turns offsets of a text into lines and columns. */
export class TextLines {
  readonly #text: string
  readonly #starts: number[] = [0]

  constructor(text: string) {
    this.#text = text
    for (let at = text.indexOf('\n'); at !== -1; at = text.indexOf('\n', at + 1)) this.#starts.push(at + 1)
  }

  /** Both count from 1; the column counts characters, not units of UTF-16. */
  locate(offset: number): { line: number; column: number } {
    let low = 0
    let high = this.#starts.length - 1
    while (low < high) {
      const middle = (low + high + 1) >> 1
      if ((this.#starts[middle] ?? 0) <= offset) low = middle
      else high = middle - 1
    }
    return { line: low + 1, column: [...this.#text.slice(this.#starts[low], offset)].length + 1 }
  }

  /** The line without its end; '' beyond the text. */
  line(number: number): string {
    const start = this.#starts[number - 1]
    if (start === undefined) return ''
    const end = this.#starts[number]
    return this.#text.slice(start, end === undefined ? undefined : end - 1).replace(/\r$/, '')
  }

  /** The column in characters of a column in bytes of UTF-8. */
  characterColumn(line: number, byteColumn: number): number {
    const bytes = new TextEncoder().encode(this.line(line)).subarray(0, Math.max(0, byteColumn - 1))
    return [...new TextDecoder().decode(bytes)].length + 1
  }
}

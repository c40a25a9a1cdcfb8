/** Turns offsets of a text into lines and columns. */
export class TextLines {
  readonly #text: string
  readonly #starts: number[] = [0]
  /** Where characters of two units start, ascending; found when the first column is asked for. */
  #pairs: number[] | null = null
  /** The line that was taken apart last. */
  #apart: { number: number; characters: readonly string[] } | null = null

  constructor(text: string) {
    this.#text = text
    for (let at = text.indexOf('\n'); at !== -1; at = text.indexOf('\n', at + 1)) this.#starts.push(at + 1)
  }

  /** Both count from 1; the column counts characters, not units of UTF-16. */
  locate(offset: number): { line: number; column: number } {
    const line = countUpTo(this.#starts, offset)
    const start = this.#starts[line - 1] ?? 0
    const end = Math.min(offset, this.#text.length)
    return { line, column: end - start - (this.#pairsBefore(end) - this.#pairsBefore(start)) + 1 }
  }

  // A line may have a megabyte and a thousand problems, so no column is counted from its start.
  #pairsBefore(offset: number): number {
    this.#pairs ??= [...this.#text.matchAll(/[\ud800-\udbff][\udc00-\udfff]/g)].map(({ index }) => index)
    return countUpTo(this.#pairs, offset - 2)
  }

  /** The line without its end; '' beyond the text. */
  line(number: number): string {
    const start = this.#starts[number - 1]
    if (start === undefined) return ''
    const end = this.#starts[number]
    return this.#text.slice(start, end === undefined ? undefined : end - 1).replace(/\r$/, '')
  }

  /** The characters of a line without its end. */
  characters(number: number): readonly string[] {
    if (this.#apart?.number !== number) this.#apart = { number, characters: [...this.line(number)] }
    return this.#apart.characters
  }

  /** The column in characters of a column in bytes of UTF-8. */
  characterColumn(line: number, byteColumn: number): number {
    const bytes = new TextEncoder().encode(this.line(line)).subarray(0, Math.max(0, byteColumn - 1))
    return [...new TextDecoder().decode(bytes)].length + 1
  }
}

/** How many of the ascending numbers are at most `limit`. */
function countUpTo(numbers: readonly number[], limit: number): number {
  let low = 0
  let high = numbers.length
  while (low < high) {
    const middle = (low + high) >> 1
    if ((numbers[middle] ?? 0) <= limit) low = middle + 1
    else high = middle
  }
  return low
}

import { textWidth } from '../text-width.ts'

/** A line without control characters as rows of at most `width` columns, broken wherever a row is full, as terminals do. */
export function wrapLine(line: string, width: number): string[] {
  if (textWidth(line) <= width) return [line]
  const rows: string[] = []
  let [row, used] = ['', 0]
  for (const character of line) {
    const columns = textWidth(character)
    if (row !== '' && used + columns > width) {
      rows.push(row)
      ;[row, used] = ['', 0]
    }
    row += character
    used += columns
  }
  return [...rows, row]
}

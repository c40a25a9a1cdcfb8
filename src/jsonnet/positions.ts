import type { JsonValue, PositionOf, SourcePosition } from './evaluation.ts'
import type { PlaceTable } from './manifest.ts'
import { compareStrings } from './strings.ts'

/** Positions as they cross between threads: rows of file, line, column and size. */
export interface PositionTable {
  files: string[]
  rows: Int32Array
}

const rowLength = 4

export function toPositionTable(table: PlaceTable): PositionTable {
  const files: string[] = []
  const rows = new Int32Array(table.places.length * rowLength)
  table.places.forEach((place, at) => {
    const { file, line, column } = place.position()
    if (!files.includes(file)) files.push(file)
    rows.set([files.indexOf(file), line, column, table.sizes[at] ?? 1], at * rowLength)
  })
  return { files, rows }
}

export function placesByPath(table: PlaceTable, value: JsonValue): PositionOf {
  return positionsByPath(toPositionTable(table), value)
}

/** Looks positions up by walking the value and the rows of the table side by side. */
export function positionsByPath(table: PositionTable, value: JsonValue): PositionOf {
  return (path) => {
    let row = 0
    let current: JsonValue = value
    for (const key of path) {
      const keys = keysOf(current)
      const rank = keys.indexOf(String(key))
      if (rank < 0) break
      row++
      for (let before = 0; before < rank; before++) row += table.rows[row * rowLength + 3] ?? 1
      current = (current as { [key: string]: JsonValue })[String(key)] ?? null
    }
    return positionAt(table, row)
  }
}

function keysOf(value: JsonValue): string[] {
  if (Array.isArray(value)) return [...value.keys()].map(String)
  return typeof value === 'object' && value !== null ? Object.keys(value).sort(compareStrings) : []
}

function positionAt({ files, rows }: PositionTable, row: number): SourcePosition | undefined {
  const [file = 0, line = 0, column = 0] = rows.subarray(row * rowLength, row * rowLength + rowLength)
  return line === 0 ? undefined : { file: files[file] ?? '', line, column }
}

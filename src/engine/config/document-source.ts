import type { DocumentPath } from './cursor.ts'

/** Lines and columns count from 1, columns in characters. */
export interface DocumentPosition {
  file: string
  line: number
  column: number
}

/** A document as plain data, and where its parts were written. */
export interface DocumentSource {
  /** The main file, for problems whose place is not known. */
  file: string
  value: unknown
  /** Where a value starts, or the key that it stands under. Falls back to the nearest parent; null: not known. */
  positionOf(path: DocumentPath, part: 'key' | 'value'): DocumentPosition | null
  /** The text of a scalar as the author wrote it, without quotes; null when it is not known. */
  writtenAt(path: DocumentPath): string | null
}

import type { DocumentSource } from './document-source.ts'
import type { ConfigProblem } from './problem.ts'
import type { ConfigProblemCode } from './problem-codes.ts'
import type { TextLines } from './text-lines.ts'

/** What reading a file in one of the formats gives: a document, or the problems that kept it from being one. */
export interface ReadResult {
  source: DocumentSource | null
  problems: ConfigProblem[]
}

/** A problem of the file itself, before there is a document. */
export function fileProblem(
  file: string,
  code: ConfigProblemCode,
  message: string,
  place: { lines: TextLines; offset: number } | null,
  options: { severity?: ConfigProblem['severity']; hint?: string } = {},
): ConfigProblem {
  const position = place?.lines.locate(place.offset)
  return {
    severity: options.severity ?? 'error',
    code,
    message,
    file,
    line: position?.line ?? null,
    column: position?.column ?? null,
    path: '',
    found: null,
    hint: options.hint ?? null,
  }
}

import type { DocumentPath } from './cursor.ts'
import type { DocumentSource } from './document-source.ts'
import { type JsonSpan, spansOfJson } from './json-text.ts'
import { TextLines } from './text-lines.ts'

/** A JSON text that was read. Positions are found by reading it once more, when the first is asked for: most configs need none. */
export function jsonSource(file: string, text: string, value: unknown): DocumentSource {
  let root: JsonSpan | null = null
  let lines: TextLines | null = null

  function find(path: DocumentPath): { span: JsonSpan; whole: boolean } {
    root ??= spansOfJson(text)
    let span = root
    for (const key of path) {
      const child = span.children?.get(key)
      if (child === undefined) return { span, whole: false }
      span = child
    }
    return { span, whole: true }
  }

  return {
    file,
    value,
    positionOf(path, part) {
      lines ??= new TextLines(text)
      const { span } = find(path)
      return { file, ...lines.locate(part === 'key' ? span.keyStart : span.start) }
    },
    writtenAt(path) {
      const { span, whole } = find(path)
      const written = text.slice(span.start, span.end)
      return whole && !/^[{["]/.test(written) ? written : null
    },
  }
}

import type { JsonnetError } from './evaluation.ts'

/** An error for people: what, where with the line and a marker, how it came to that, and what may have been meant. */
export function presentError(error: JsonnetError): string {
  const lines = [error.firstLine]
  const { position, excerpt } = error
  if (position !== undefined && error.kind !== 'static') {
    lines.push(`  at ${position.file}:${position.line}:${position.column}`)
  }
  if (excerpt !== undefined) {
    // Tabs are kept in the margin of the marker, so that it stands below what it marks.
    const margin = excerpt.text.slice(0, excerpt.markFrom).replace(/[^\t]/g, ' ')
    lines.push('', `    ${excerpt.text}`, `    ${margin}${'^'.repeat(excerpt.markLength)}`)
  }
  if (error.hint !== undefined) lines.push('', `  ${error.hint}`)
  if (error.trace.length > 1) lines.push('', ...traceLines(error))
  return lines.join('\n')
}

function traceLines({ trace, elided }: JsonnetError): string[] {
  const lines = trace.map((frame) => `  ${frame.file}:${frame.line}:${frame.column}\t${frame.context}`)
  if (elided > 0) lines.splice(trace.length / 2, 0, `  … ${elided} more …`)
  return lines
}

import type { LoadedConfig } from './loaded-config.ts'
import type { ConfigProblem } from './problem.ts'
import { countErrors, cutProblems } from './problem-list.ts'
import { TextLines } from './text-lines.ts'

const problemsShownMax = 50
const excerptColumnsMax = 160
const notesShownMax = 10

/** All problems for people: place, message, the line with a mark, what was found, what to write. Plain text without a line end.
 *  Where they are too many, warnings give way to errors. */
export function formatProblems(
  loaded: Pick<LoadedConfig, 'problems' | 'moreProblems' | 'moreErrors' | 'texts'>,
  options: { problemsMax?: number } = {},
): string {
  const files = new Map<string, TextLines>()
  const linesOf = (file: string): TextLines => {
    const lines = files.get(file) ?? new TextLines(Object.hasOwn(loaded.texts, file) ? (loaded.texts[file] ?? '') : '')
    files.set(file, lines)
    return lines
  }
  const shown = select(loaded.problems, options.problemsMax ?? problemsShownMax)
  const blocks = shown.map((problem) => formatProblem(problem, linesOf(problem.file)))
  const hidden = loaded.problems.length - shown.length + loaded.moreProblems
  const hiddenErrors = countErrors(loaded.problems) - countErrors(shown) + loaded.moreErrors
  if (hidden > 0) blocks.push(`and ${hidden} more: ${counted(hiddenErrors, hidden - hiddenErrors)}`)
  return blocks.join('\n\n')
}

function counted(errors: number, warnings: number): string {
  const counts = Object.entries({ error: errors, warning: warnings }).filter(([, count]) => count > 0)
  return counts.map(([kind, count]) => `${count} ${kind}${count === 1 ? '' : 's'}`).join(', ')
}

function select(problems: readonly ConfigProblem[], max: number): ConfigProblem[] {
  return cutProblems(problems, max, Math.max(0, max - countErrors(problems)))
}

function formatProblem(problem: ConfigProblem, lines: TextLines): string {
  const { file, line, column, severity, code, message, path, found, hint, notes } = problem
  const place = [file, line, column].filter((part) => part !== null).join(':')
  const text = [`${place}: ${severity}: ${printable(message)} [${code}]`]
  if (line !== null && column !== null) text.push(...excerpt(lines.characters(line), line, column))
  if (path !== '') text.push(`  at: ${printable(path)}`)
  if (found !== null) text.push(`  found: ${printable(found)}`)
  if (hint !== null) text.push(`  hint: ${printable(hint)}`)
  for (const note of notes?.slice(0, notesShownMax) ?? []) text.push(`  ${printable(note)}`)
  return text.join('\n')
}

/** The line and a mark below the column. Long lines are cut around it. */
function excerpt(chars: readonly string[], line: number, column: number): string[] {
  if (column > chars.length + 1 || chars.every((char) => char.trim() === '')) return []
  const start = column <= excerptColumnsMax ? 0 : column - excerptColumnsMax / 2
  const shown = chars.slice(start, start + excerptColumnsMax).join('')
  const gutter = String(line)
  // Tabs stay tabs below, so that the mark is under its character whatever a tab measures.
  const indent = chars.slice(start, column - 1).map((char) => (char === '\t' ? '\t' : ' '))
  return [`  ${gutter} | ${printable(shown)}`, `  ${' '.repeat(gutter.length)} | ${indent.join('')}^`]
}

/** A config may hold anything: control characters would reach the terminal. */
function printable(text: string): string {
  return text.replace(/[\u0000-\u0008\u000a-\u001f\u007f-\u009f]/g, (char) => {
    return char === '\n' ? ' ' : `\\u${char.charCodeAt(0).toString(16).padStart(4, '0')}`
  })
}

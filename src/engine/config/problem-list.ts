import { type Cursor, formatPath, pathOf } from './cursor.ts'
import { quote } from './describe-value.ts'
import type { DocumentSource } from './document-source.ts'
import type { ConfigProblem } from './problem.ts'
import type { ConfigProblemCode } from './problem-codes.ts'

/** Of each severity, so that no number of warnings hides an error. */
const problemsMax = 1000

export interface ProblemOptions {
  found?: string
  hint?: string | null
  /** Point at the key instead of the value. */
  atKey?: boolean
}

/** Collects what is wrong with a document, with positions. Beyond a thousand errors and a thousand warnings it only counts. */
export class ProblemList {
  readonly problems: ConfigProblem[] = []
  readonly #counts = { error: 0, warning: 0 }
  readonly #source: DocumentSource

  constructor(source: DocumentSource) {
    this.#source = source
  }

  get hasErrors(): boolean {
    return this.#counts.error > 0
  }

  /** Those that were counted only, of both severities and of errors alone. */
  get more(): { problems: number; errors: number } {
    const errors = Math.max(0, this.#counts.error - problemsMax)
    return { problems: errors + Math.max(0, this.#counts.warning - problemsMax), errors }
  }

  error(cursor: Cursor, code: ConfigProblemCode, text: string, options: ProblemOptions = {}): void {
    this.#add('error', cursor, code, text, options)
  }

  warning(cursor: Cursor, code: ConfigProblemCode, text: string, options: ProblemOptions = {}): void {
    this.#add('warning', cursor, code, text, options)
  }

  /** The scalar under the cursor as its author wrote it; null when that is not known. */
  writtenAt(cursor: Cursor): string | null {
    return this.#source.writtenAt(pathOf(cursor))
  }

  #add(
    severity: ConfigProblem['severity'],
    cursor: Cursor,
    code: ConfigProblemCode,
    text: string,
    options: ProblemOptions,
  ): void {
    if (++this.#counts[severity] > problemsMax) return
    const path = pathOf(cursor)
    const position = this.#source.positionOf(path, options.atKey === true ? 'key' : 'value')
    const subject = subjectOf(cursor)
    this.problems.push({
      severity,
      code,
      message: subject === '' ? text : `${subject}: ${text}`,
      file: position?.file ?? this.#source.file,
      line: position?.line ?? null,
      column: position?.column ?? null,
      path: formatPath(path),
      found: options.found ?? null,
      hint: options.hint ?? null,
    })
  }
}

/** `run "ci" task "build" steps[1]`: the run, task and step that a cursor is in, by name where they have one. */
function subjectOf(cursor: Cursor): string {
  const chain: Cursor[] = []
  for (let at: Cursor | null = cursor; at?.parent != null; at = at.parent) chain.push(at)
  chain.reverse()
  if (!isKey(chain[0], 'runs') || chain[1] === undefined) return ''
  const parts = [named('run', chain[1])]
  if (isKey(chain[2], 'tasks') && chain[3] !== undefined) {
    parts.push(named('task', chain[3]))
    if (isKey(chain[4], 'steps') && chain[5] !== undefined) parts.push(`steps[${chain[5].key}]`)
  }
  return parts.join(' ')
}

function isKey(cursor: Cursor | undefined, key: string): boolean {
  return typeof cursor?.key === 'string' && cursor.key.toLowerCase() === key
}

function named(kind: 'run' | 'task', cursor: Cursor): string {
  const { value } = cursor
  const name = typeof value === 'object' && value !== null && 'name' in value ? value.name : null
  return typeof name === 'string' && name !== '' ? `${kind} ${quote(name)}` : `${kind}s[${cursor.key}]`
}

/** In the order of the files; problems without a place keep their order, at the end of their file. */
export function sortProblems(problems: readonly ConfigProblem[], mainFile: string): ConfigProblem[] {
  const last = Number.MAX_SAFE_INTEGER
  return [...problems].sort(
    (a, b) =>
      Number(a.file !== mainFile) - Number(b.file !== mainFile) ||
      (a.file < b.file ? -1 : a.file > b.file ? 1 : 0) ||
      (a.line ?? last) - (b.line ?? last) ||
      (a.column ?? last) - (b.column ?? last),
  )
}

/** The first of each severity, as many as a list may have, in the order given. */
export function cutProblems(problems: readonly ConfigProblem[], errorsMax = problemsMax, warningsMax = problemsMax) {
  const left = { error: errorsMax, warning: warningsMax }
  return problems.filter(({ severity }) => left[severity]-- > 0)
}

export function countErrors(problems: readonly ConfigProblem[]): number {
  return problems.filter(({ severity }) => severity === 'error').length
}

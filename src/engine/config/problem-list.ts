import { type Cursor, formatPath, pathOf } from './cursor.ts'
import { quote } from './describe-value.ts'
import type { DocumentSource } from './document-source.ts'
import type { ConfigProblem } from './problem.ts'
import type { ConfigProblemCode } from './problem-codes.ts'

const problemsMax = 1000

export interface ProblemOptions {
  found?: string
  hint?: string | null
  /** Point at the key instead of the value. */
  atKey?: boolean
}

/** Collects what is wrong with a document, with positions. Beyond a thousand it only counts. */
export class ProblemList {
  readonly problems: ConfigProblem[] = []
  more = 0
  hasErrors = false
  readonly #source: DocumentSource

  constructor(source: DocumentSource) {
    this.#source = source
  }

  error(cursor: Cursor, code: ConfigProblemCode, text: string, options: ProblemOptions = {}): void {
    this.hasErrors = true
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
    if (this.problems.length >= problemsMax) {
      this.more++
      return
    }
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

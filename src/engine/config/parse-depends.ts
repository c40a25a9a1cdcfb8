import { nearestName } from '../model/nearest-name.ts'
import type { DependCondition } from '../model/run-config.ts'
import type { ConfigDepend } from './config.ts'
import type { Cursor } from './cursor.ts'
import { describeValue, quote } from './describe-value.ts'
import type { ParseContext } from './parse-context.ts'
import { isObject, type JsonObject, readList, readString } from './read-document.ts'
import { readFields, shape } from './read-fields.ts'

const longShape = shape('a dependency', ['task', 'conditions'], { condition: 'write conditions, a list' })
const anyForm = 'write the name of a task, { name: [on_failure] }, or { task: name, conditions: [on_failure] }'
const oneEach = 'write one entry for each task: [{ name: [on_success] }, { other: [on_failure] }]'
const conditions: readonly DependCondition[] = ['on_success', 'on_failure', 'on_skipped']

/** A dependency together with its place in the document, for the checks of the graph. */
export interface PlacedDepend extends ConfigDepend {
  cursor: Cursor
}

/** The list of dependencies in all its forms (spec/config.md 7.2). */
export function parseDepends(cursor: Cursor | null, context: ParseContext): PlacedDepend[] {
  const hint = typeof cursor?.value === 'string' ? `write depends: [${quote(cursor.value)}]` : undefined
  return readList(cursor, context.problems, hint).flatMap((item) => parseDepend(item, context) ?? [])
}

function parseDepend(cursor: Cursor, context: ParseContext): PlacedDepend | null {
  const { value } = cursor
  if (typeof value === 'string') return placed(cursor, value, ['on_success'], context)
  if (!isObject(value)) return refuse(cursor, context)
  const [key, ...others] = Object.keys(value)
  if (key === undefined) return refuse(cursor, context)
  if (others.length > 0) {
    return namesSeveral(value) ? refuse(cursor, context, oneEach) : parseLong(cursor, context)
  }
  if (Array.isArray(value[key])) {
    return placed(cursor, key, parseConditions(cursor.child(key, value[key]), context), context)
  }
  if (typeof value[key] !== 'string') return refuse(cursor, context)
  if (key.toLowerCase() === 'task') return parseLong(cursor, context)
  return refuse(cursor, context, `write { ${quote(key)}: [${value[key]}] }`)
}

function parseLong(cursor: Cursor, context: ParseContext): PlacedDepend | null {
  const fields = readFields(cursor, longShape, context)
  if (fields === null) return null
  const at = fields.get('task')
  if (at === null) return refuse(cursor, context, 'write { task: name, conditions: [...] }')
  const task = readString(at, context.problems)
  const conditions = parseConditions(fields.get('conditions'), context)
  // What is no text was told already.
  return at.value === null || typeof at.value === 'string' ? placed(cursor, task, conditions, context) : null
}

/** Whether an entry with several keys was meant as several short ones: `{ a: [on_success], b: [on_failure] }`. */
function namesSeveral(entry: JsonObject): boolean {
  const keys = Object.keys(entry)
  const isLong = keys.some((key) => longShape.keys.has(key.toLowerCase()))
  return !isLong || keys.filter((key) => Array.isArray(entry[key])).length > 1
}

function placed(
  cursor: Cursor,
  task: string,
  conditions: DependCondition[],
  context: ParseContext,
): PlacedDepend | null {
  if (task !== '') return { cursor, task, conditions }
  context.problems.error(cursor, 'depend_bad_shape', 'the dependency names no task', { hint: anyForm })
  return null
}

function parseConditions(cursor: Cursor | null, context: ParseContext): DependCondition[] {
  const wanted = readList(cursor, context.problems).flatMap((item) => parseCondition(item, context) ?? [])
  return wanted.length === 0 ? ['on_success'] : [...new Set(wanted)]
}

function parseCondition(cursor: Cursor, context: ParseContext): DependCondition | null {
  const condition = conditions.find((known) => known === cursor.value)
  if (condition !== undefined) return condition
  const guess = typeof cursor.value === 'string' ? nearestName(cursor.value, conditions) : null
  context.problems.error(cursor, 'depend_unknown_condition', 'a dependency has no such condition', {
    found: describeValue(cursor.value),
    hint: guess === null ? `write one of: ${conditions.join(', ')}` : `did you mean "${guess}"?`,
  })
  return null
}

function refuse(cursor: Cursor, context: ParseContext, hint?: string): null {
  context.problems.error(cursor, 'depend_bad_shape', 'this is no dependency', {
    found: describeValue(cursor.value),
    hint: hint ?? anyForm,
  })
  return null
}

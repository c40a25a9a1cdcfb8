import type { Value } from '../model/run-config.ts'
import type { Cursor } from './cursor.ts'
import { describeKind, describeValue } from './describe-value.ts'
import type { ParseContext } from './parse-context.ts'
import { checkedText, isObject, readEntries } from './read-document.ts'

/** A string or `{ from_variable: name }` (spec/config.md 7.3). Nothing is converted here, and values are not repeated in messages. */
export function parseValue(cursor: Cursor, context: ParseContext): Value {
  const { value } = cursor
  if (typeof value === 'string') return checkedText(cursor, value, context.problems)
  if (isObject(value)) return parseReference(cursor, value, context)
  context.problems.error(cursor, 'value_bad', `${quoted(cursor)} must be a string or { from_variable: name }`, {
    found: describeKind(value),
    hint: hintFor(value),
  })
  return ''
}

/** '' where there is none. */
export function parseOptionalValue(cursor: Cursor | null, context: ParseContext): Value {
  return cursor === null ? '' : parseValue(cursor, context)
}

/** Variables of a task, a step or a container. */
export function parseEnvironment(cursor: Cursor | null, context: ParseContext): Record<string, Value> {
  return Object.fromEntries(
    readEntries(cursor, context.problems).map(([name, entry]) => {
      if (name === '' || /[=\0]/.test(name)) {
        context.problems.error(entry, 'environment_name_bad', 'this is no name of an environment variable', {
          found: JSON.stringify(name),
          atKey: true,
        })
      }
      return [name, parseValue(entry, context)]
    }),
  )
}

function parseReference(cursor: Cursor, value: Record<string, unknown>, context: ParseContext): Value {
  const name = value.from_variable
  const hint = 'write { from_variable: name }'
  if (typeof name !== 'string' || name === '') {
    const at = Object.hasOwn(value, 'from_variable') ? cursor.child('from_variable', name) : cursor
    context.problems.error(at, 'value_bad', `${quoted(cursor)} must name a variable`, {
      found: describeValue(at.value),
      hint,
    })
    return ''
  }
  for (const key of Object.keys(value)) {
    if (key === 'from_variable') continue
    context.problems.error(cursor.child(key, value[key]), 'value_bad', `a reference to a variable has no "${key}"`, {
      hint,
      atKey: true,
    })
  }
  return { fromVariable: name }
}

function quoted(cursor: Cursor): string {
  return `"${cursor.key}"`
}

// Without the value: it may be a secret.
function hintFor(value: unknown): string {
  if (value === null) return 'write "" for an empty value'
  return Array.isArray(value) ? 'write one string' : 'write it in quotes'
}

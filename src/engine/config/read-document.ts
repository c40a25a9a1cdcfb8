import type { Cursor } from './cursor.ts'
import { describeValue } from './describe-value.ts'
import type { ProblemList } from './problem-list.ts'
import { type ExpectedType, hintForType } from './wrong-type.ts'

/** Readers of the plain parts of a document. null and a missing key are the same; a wrong type is a problem and reads as missing. */

export type JsonObject = Record<string, unknown>

export function isObject(value: unknown): value is JsonObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

/** Text as the format's decoder takes it: numbers and booleans are written out, with a warning when that changes what was written. */
export function readText(cursor: Cursor | null, problems: ProblemList): string {
  const value = cursor?.value ?? null
  if (cursor === null || value === null) return ''
  if (typeof value === 'string') return checkedText(cursor, value, problems)
  if (typeof value !== 'number' && typeof value !== 'boolean') {
    return wrongType(cursor, problems, 'a string', '')
  }
  const written = problems.writtenAt(cursor)
  const text = exactText(value, written)
  const changed = written === null ? typeof value === 'boolean' || !Number.isInteger(Number(value)) : written !== text
  if (changed) {
    problems.warning(
      cursor,
      'converted_to_string',
      `${describeValue(value)} is read as the text ${JSON.stringify(text)}`,
      {
        found: written ?? text,
        hint: `write it in quotes: "${written ?? text}"`,
      },
    )
  }
  return text
}

// A number with twenty digits, as an id, must keep them all.
function exactText(value: number | boolean, written: string | null): string {
  if (typeof value !== 'number' || Number.isSafeInteger(value) || written === null) return String(value)
  return /^-?\d+$/.test(written) ? BigInt(written).toString() : String(value)
}

/** Reports a NUL: no argument, no path and no environment variable can hold one. */
export function checkedText(cursor: Cursor, text: string, problems: ProblemList): string {
  if (text.includes('\0')) {
    problems.error(cursor, 'nul_character', `${nameOf(cursor)} contains a NUL character`, {
      hint: 'leave it out: it ends a text for the programs that get it',
    })
  }
  return text
}

/** Text where nothing is converted: inside steps and dependencies (spec/config.md 5). */
export function readString(cursor: Cursor | null, problems: ProblemList): string {
  const text = readScript(cursor, problems)
  return cursor === null ? text : checkedText(cursor, text, problems)
}

/** The same for what reaches its program in a file: every character may stand in it. */
export function readScript(cursor: Cursor | null, problems: ProblemList): string {
  const value = cursor?.value ?? null
  if (cursor === null || value === null) return ''
  if (typeof value === 'string') return value
  const isScalar = typeof value !== 'object'
  const hint = isScalar ? `write it in quotes: "${problems.writtenAt(cursor) ?? String(value)}"` : undefined
  return wrongType(cursor, problems, 'a string', '', hint)
}

export function readBoolean(cursor: Cursor | null, problems: ProblemList, missing: boolean): boolean {
  const value = cursor?.value ?? null
  if (cursor === null || value === null) return missing
  return typeof value === 'boolean' ? value : wrongType(cursor, problems, 'true or false', missing)
}

/** `missing` where there is none. */
export function readInteger(cursor: Cursor | null, problems: ProblemList, missing: number): number {
  const value = cursor?.value ?? null
  if (cursor === null || value === null) return missing
  return typeof value === 'number' && Number.isSafeInteger(value)
    ? value
    : wrongType(cursor, problems, 'a whole number', missing)
}

export function readList(cursor: Cursor | null, problems: ProblemList, hint?: string): Cursor[] {
  const value = cursor?.value ?? null
  if (cursor === null || value === null) return []
  if (!Array.isArray(value)) return wrongType(cursor, problems, 'a list', [], hint)
  return value.map((item: unknown, index) => cursor.child(index, item))
}

/** Entries of an object whose keys are free. */
export function readEntries(cursor: Cursor | null, problems: ProblemList): [string, Cursor][] {
  const value = cursor?.value ?? null
  if (cursor === null || value === null) return []
  if (!isObject(value)) return wrongType(cursor, problems, 'an object', [])
  return Object.entries(value).map(([key, item]) => [key, cursor.child(key, item)])
}

export function readStringList(cursor: Cursor | null, problems: ProblemList): string[] {
  return readList(cursor, problems).map((item) => {
    return item.value === null ? wrongType(item, problems, 'a string', '') : readString(item, problems)
  })
}

/** Reports a value of another type and gives what is read instead. */
export function wrongType<T>(
  cursor: Cursor,
  problems: ProblemList,
  expected: ExpectedType,
  instead: T,
  hint = hintForType(cursor, expected),
): T {
  problems.error(cursor, 'wrong_type', `${nameOf(cursor)} must be ${expected}`, {
    found: describeValue(cursor.value),
    hint,
  })
  return instead
}

/** How a message calls the value under a cursor. */
function nameOf(cursor: Cursor): string {
  if (cursor.parent === null) return 'the config'
  if (typeof cursor.key === 'string') return `"${cursor.key}"`
  const list = cursor.parent.key
  return list === '' ? `item ${cursor.key}` : `"${list}[${cursor.key}]"`
}

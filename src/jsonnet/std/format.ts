import { fail, machine } from '../machine.ts'
import { checkStringLength } from '../size-limits.ts'
import type { Place } from '../source.ts'
import { lengthOf } from '../strings.ts'
import { force, JsonnetArray, JsonnetObject, type Slot, type Value } from '../values.ts'
import { asNumber } from './define.ts'
import { type FormatCode, parseFormat } from './format-codes.ts'
import { renderCode } from './format-render.ts'

/** `text % values`, Python's formatting: an array gives values in order, an object by key, all else is one value. */
export function format(text: string, values: Value, place?: Place): string {
  if (place === undefined) return formatParts(text, values)
  const { top } = machine
  machine.places[top] = place
  machine.top = top + 1
  const formatted = formatParts(text, values)
  machine.top = top
  return formatted
}

function formatParts(text: string, values: Value): string {
  const codes = parseFormat(text)
  if (values instanceof JsonnetObject) return formatObject(codes, values)
  return formatArray(codes, values instanceof JsonnetArray ? values.elements : [values])
}

function formatArray(codes: readonly (string | FormatCode)[], values: readonly Slot[]): string {
  let out = ''
  let next = 0
  const take = (what: (count: number) => string): Value => {
    const slot = values[next]
    if (slot === undefined) fail(`Not enough values to format: ${values.length}, expected ${what(next)}`)
    next++
    return force(slot)
  }
  const star = (given: number | '*'): number => {
    return given === '*' ? asNumber(take((count) => `at least ${count}`)) : given
  }
  for (const code of codes) {
    if (typeof code === 'string') {
      out += code
      continue
    }
    const width = star(code.width)
    const precision = code.precision === undefined ? undefined : star(code.precision)
    if (code.type === '%') {
      out += pad('%', width, code.flags.left)
      continue
    }
    const at = String(next)
    const value = take((count) => `more than ${count}`)
    out += pad(renderCode(value, code, width, precision, at), width, code.flags.left)
  }
  if (next < values.length) fail(`Too many values to format: ${values.length}, expected ${next}`)
  return out
}

function formatObject(codes: readonly (string | FormatCode)[], values: JsonnetObject): string {
  let out = ''
  for (const code of codes) {
    if (typeof code === 'string') {
      out += code
      continue
    }
    if (code.width === '*') return fail('Cannot use * field width with object.')
    out += pad(formatField(code, code.width, values), code.width, code.flags.left)
  }
  return out
}

function formatField(code: FormatCode, width: number, values: JsonnetObject): string {
  if (code.type === '%') return '%'
  if (code.key === undefined) return fail('Mapping keys required.')
  if (!values.has(code.key)) return fail(`No such field: ${code.key}`)
  const value = values.index(code.key)
  if (code.precision === '*') return fail('Cannot use * precision with object.')
  return renderCode(value, code, width, code.precision, code.key)
}

function pad(text: string, width: number, left: boolean): string {
  const missing = width - lengthOf(text)
  if (!(missing > 0)) return text
  checkStringLength(width)
  const spaces = ' '.repeat(Math.ceil(missing))
  return left ? text + spaces : spaces + text
}

import { escapeJson } from './escape-json.ts'
import { fail, tick } from './machine.ts'
import { numberText } from './number-text.ts'
import { sized } from './size-limits.ts'
import type { Place } from './source.ts'
import { force, type JsonnetArray, JsonnetFunction, JsonnetObject, type Value } from './values.ts'

/** Compact JSON with a space after commas and colons, as `+` and `std.toString` make it. */
export function compactText(value: Value, place?: Place): string {
  return scalarText(value, place) ?? compositeText(value as JsonnetArray | JsonnetObject, place)
}

/** JSON of what has no parts; undefined for arrays and objects. Functions have no JSON. */
export function scalarText(value: Value, place?: Place): string | undefined {
  if (typeof value === 'string') return escapeJson(value)
  if (typeof value === 'number') return numberText(value)
  if (value === null) return 'null'
  if (value === true) return 'true'
  if (value === false) return 'false'
  if (value instanceof JsonnetFunction) return fail("couldn't manifest function as JSON", place)
  return undefined
}

function compositeText(value: JsonnetArray | JsonnetObject, place: Place | undefined): string {
  tick()
  if (value instanceof JsonnetObject) {
    value.checkAsserts()
    const entries = value.shape.visible()
    if (entries.length === 0) return '{ }'
    const fields = entries.map((entry) => `${escapeJson(entry.name)}: ${compactText(value.value(entry), place)}`)
    return sized(`{${fields.join(', ')}}`, place)
  }
  if (value.elements.length === 0) return '[ ]'
  return sized(`[${value.elements.map((element) => compactText(force(element), place)).join(', ')}]`, place)
}

import { fail } from '../machine.ts'
import { textOf } from '../operators.ts'
import type { Place } from '../source.ts'
import { charactersOf, lengthOf, sliceOf } from '../strings.ts'
import { typeOf, unexpected } from '../type-of.ts'
import { JsonnetArray, type Value } from '../values.ts'

/** `target[from:to:step]`; what is left out arrives as null. Negative bounds count from the end. */
export function sliceValue(target: Value, from: Value, to: Value, step: Value, place?: Place): Value {
  if (typeof target !== 'string' && !(target instanceof JsonnetArray)) {
    return fail(`std.slice accepts a string or an array, but got: ${typeOf(target)}`, place)
  }
  const length = typeof target === 'string' ? lengthOf(target) : target.elements.length
  const start = bound(from, 0, length, place)
  const end = bound(to, length, length, place)
  const by = step === null ? 1 : number(step, place)
  if (by < 0) {
    const given = [start, end, by].map((value) => textOf(value)).join(':')
    fail(`got [${given}] but negative steps are not supported`, place)
  }
  if (by === 0) fail(`got ${textOf(step)} but step must be greater than 0`, place)
  if (by === 1) {
    return typeof target === 'string'
      ? sliceOf(target, start, Math.max(start, Math.min(end, length)))
      : new JsonnetArray(target.elements.slice(start, Math.max(start, end)))
  }
  const items = typeof target === 'string' ? charactersOf(target) : target.elements
  const taken = []
  for (let at = start; at < end && at < length; at += by) taken.push(items[Math.trunc(at)] ?? null)
  return typeof target === 'string' ? taken.join('') : new JsonnetArray(taken)
}

function bound(value: Value, otherwise: number, length: number, place: Place | undefined): number {
  if (value === null) return otherwise
  const given = number(value, place)
  return given < 0 ? Math.max(0, length + given) : given
}

function number(value: Value, place: Place | undefined): number {
  return typeof value === 'number' ? value : unexpected(value, 'number', place)
}

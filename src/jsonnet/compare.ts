import { fail, tick } from './machine.ts'
import type { Place } from './source.ts'
import { compareStrings } from './strings.ts'
import { typeOf, unexpected } from './type-of.ts'
import { force, JsonnetArray, JsonnetFunction, JsonnetObject, type Slot, type Value } from './values.ts'

/** `==`: deep, of objects the visible fields. Functions cannot be compared. */
export function equalValues(x: Value, y: Value, place?: Place): boolean {
  if (x instanceof JsonnetObject) return y instanceof JsonnetObject && equalObjects(x, y, place)
  if (x instanceof JsonnetArray) return y instanceof JsonnetArray && equalArrays(x, y, place)
  if (x instanceof JsonnetFunction && y instanceof JsonnetFunction) {
    return fail('Cannot test equality of functions', place)
  }
  return x === y
}

function equalArrays(x: JsonnetArray, y: JsonnetArray, place: Place | undefined): boolean {
  const length = x.elements.length
  if (length !== y.elements.length) return false
  for (let at = 0; at < length; at++) {
    tick()
    if (!equalValues(force(x.elements[at] as Slot), force(y.elements[at] as Slot), place)) return false
  }
  return true
}

function equalObjects(x: JsonnetObject, y: JsonnetObject, place: Place | undefined): boolean {
  const entries = x.shape.visible()
  const others = y.shape.visible()
  if (entries.length !== others.length) return false
  if (entries.some((entry, at) => entry.name !== others[at]?.name)) return false
  return entries.every(({ name }) => equalValues(x.index(name, place), y.index(name, place), place))
}

/** Orders numbers, strings and arrays; negative when `x` comes first. */
export function compareValues(x: Value, y: Value, place?: Place): number {
  if (typeof x === 'number') return typeof y === 'number' ? x - y : unexpected(y, 'number', place)
  if (typeof x === 'string') return typeof y === 'string' ? compareStrings(x, y) : unexpected(y, 'string', place)
  if (!(x instanceof JsonnetArray)) return fail(`Unexpected type ${typeOf(x)}`, place)
  if (!(y instanceof JsonnetArray)) return unexpected(y, 'array', place)
  const length = Math.min(x.elements.length, y.elements.length)
  for (let at = 0; at < length; at++) {
    const order = compareValues(force(x.elements[at] as Slot), force(y.elements[at] as Slot), place)
    if (order !== 0) return order
  }
  return x.elements.length - y.elements.length
}

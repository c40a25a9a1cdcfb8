import { fail } from './machine.ts'
import type { Place } from './source.ts'
import { characterAt, lengthOf } from './strings.ts'
import { typeOf, unexpected } from './type-of.ts'
import { forceAt, JsonnetArray, JsonnetObject, Thunk, type Value } from './values.ts'

/** `target[index]`. Numbers are cut down to whole ones. */
export function indexValue(target: Value, index: Value, place?: Place): Value {
  if (target instanceof JsonnetObject) {
    return typeof index === 'string' ? target.index(index, place) : unexpected(index, 'string', place)
  }
  if (target instanceof JsonnetArray) {
    if (typeof index !== 'number') return unexpected(index, 'number', place)
    const at = Math.trunc(index)
    const element = target.elements[at]
    if (element === undefined) return outOfBounds(at, target.elements.length, place)
    if (!(element instanceof Thunk)) return element
    return place === undefined ? element.force() : forceAt(element, place)
  }
  if (typeof target === 'string') {
    if (typeof index !== 'number') return unexpected(index, 'number', place)
    const at = Math.trunc(index)
    return characterAt(target, at) ?? outOfBounds(at, lengthOf(target), place)
  }
  return fail(`Value non indexable: ${typeOf(target)}`, place)
}

function outOfBounds(at: number, length: number, place: Place | undefined): never {
  return fail(`Index ${at} out of bounds, not within [0, ${length})`, place)
}

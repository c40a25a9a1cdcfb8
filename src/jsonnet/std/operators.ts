import { fail } from '../machine.ts'
import { checkNumber } from '../operators.ts'
import type { Place } from '../source.ts'
import { typeOf, unexpected } from '../type-of.ts'
import { JsonnetObject, type Value } from '../values.ts'
import { format } from './format.ts'

/** `%`: the remainder of numbers, with the sign of the left one; formats when the left side is a string. */
export function modulo(left: Value, right: Value, place?: Place): Value {
  if (typeof left === 'number' && typeof right === 'number') {
    if (right === 0) fail('Division by zero.', place)
    return checkNumber(left % right, place)
  }
  if (typeof left === 'string') return format(left, right, place)
  return fail(`Operator % cannot be used on types ${typeOf(left)} and ${typeOf(right)}.`, place)
}

/** `in`: whether an object has a field, hidden or not. */
export function hasField(name: Value, object: Value, place?: Place): boolean {
  if (!(object instanceof JsonnetObject)) return unexpected(object, 'object', place)
  if (typeof name !== 'string') return unexpected(name, 'string', place)
  return object.has(name)
}

import { fail } from './machine.ts'
import type { Place } from './source.ts'
import { JsonnetArray, JsonnetFunction, JsonnetObject, type Value } from './values.ts'

export type TypeName = 'null' | 'boolean' | 'number' | 'string' | 'array' | 'object' | 'function'

export function typeOf(value: Value): TypeName {
  if (value === null) return 'null'
  if (value instanceof JsonnetObject) return 'object'
  if (value instanceof JsonnetArray) return 'array'
  if (value instanceof JsonnetFunction) return 'function'
  return typeof value as 'boolean' | 'number' | 'string'
}

export function unexpected(value: Value, expected: TypeName, place?: Place): never {
  return fail(`Unexpected type ${typeOf(value)}, expected ${expected}`, place)
}

import { compareValues, equalValues } from './compare.ts'
import { fail } from './machine.ts'
import { compactText } from './manifest-json.ts'
import { goText } from './number-text.ts'
import { checkArrayLength, sized } from './size-limits.ts'
import type { Place } from './source.ts'
import { typeOf, unexpected } from './type-of.ts'
import { JsonnetArray, JsonnetObject, type Value } from './values.ts'

export function checkNumber(value: number, place?: Place): number {
  if (Number.isNaN(value)) fail('Not a number', place)
  if (!Number.isFinite(value)) fail('Overflow', place)
  return value
}

/** `+`: adds numbers, joins strings and arrays, extends objects; one string makes a string of the other side too. */
export function add(left: Value, right: Value, place?: Place): Value {
  if (typeof left === 'number') {
    if (typeof right === 'number') return checkNumber(left + right, place)
  }
  if (typeof right === 'string') return joinTexts(typeof left === 'string' ? left : textOf(left, place), right, place)
  if (typeof left === 'string') return joinTexts(left, textOf(right, place), place)
  if (typeof left === 'number') return unexpected(right, 'number', place)
  if (left instanceof JsonnetObject) {
    return right instanceof JsonnetObject ? left.extend(right) : unexpected(right, 'object', place)
  }
  if (left instanceof JsonnetArray) {
    return right instanceof JsonnetArray ? joinArrays(left, right, place) : unexpected(right, 'array', place)
  }
  return fail(`Unexpected type ${typeOf(left)}`, place)
}

/** A value as a string: strings as they are, the others as compact JSON. */
export function textOf(value: Value, place?: Place): string {
  return typeof value === 'string' ? value : compactText(value, place)
}

function joinTexts(left: string, right: string, place: Place | undefined): string {
  return sized(left + right, place)
}

function joinArrays(left: JsonnetArray, right: JsonnetArray, place: Place | undefined): JsonnetArray {
  if (right.elements.length === 0) return left
  if (left.elements.length === 0) return right
  checkArrayLength(left.elements.length + right.elements.length, place)
  return new JsonnetArray(left.elements.concat(right.elements))
}

/** All operators that evaluate both sides first, except `%` and `in`, which are functions of std. */
export const strictOperators = {
  '+': add,
  '-': arithmetic((x, y) => x - y),
  '*': arithmetic((x, y) => x * y),
  '/': arithmetic((x, y, place) => (y === 0 ? fail('Division by zero.', place) : x / y)),
  '==': (x: Value, y: Value, place: Place) => equalValues(x, y, place),
  '!=': (x: Value, y: Value, place: Place) => !equalValues(x, y, place),
  '<': (x: Value, y: Value, place: Place) => compareValues(x, y, place) < 0,
  '<=': (x: Value, y: Value, place: Place) => compareValues(x, y, place) <= 0,
  '>': (x: Value, y: Value, place: Place) => compareValues(x, y, place) > 0,
  '>=': (x: Value, y: Value, place: Place) => compareValues(x, y, place) >= 0,
  '&': bitwise((x, y) => x & y),
  '|': bitwise((x, y) => x | y),
  '^': bitwise((x, y) => x ^ y),
  '<<': shift((x, by) => x << by),
  '>>': shift((x, by) => x >> by),
} as const

export const unaryOperators = {
  '!': (x: Value, place: Place) => (typeof x === 'boolean' ? !x : unexpected(x, 'boolean', place)),
  '-': (x: Value, place: Place) => (typeof x === 'number' ? -x : unexpected(x, 'number', place)),
  '+': (x: Value, place: Place) => (typeof x === 'number' ? x : unexpected(x, 'number', place)),
  '~': (x: Value, place: Place) => (typeof x === 'number' ? Number(~int64(x)) : unexpected(x, 'number', place)),
} as const

type Operator = (x: Value, y: Value, place: Place) => Value

function arithmetic(compute: (x: number, y: number, place: Place) => number): Operator {
  return (x, y, place) => {
    if (typeof x !== 'number') return unexpected(x, 'number', place)
    if (typeof y !== 'number') return unexpected(y, 'number', place)
    return checkNumber(compute(x, y, place), place)
  }
}

function bitwise(compute: (x: bigint, y: bigint) => bigint): Operator {
  return arithmetic((x, y, place) => {
    checkBitwise(x, place)
    checkBitwise(y, place)
    return Number(BigInt.asIntN(64, compute(int64(x), int64(y))))
  })
}

function shift(compute: (x: bigint, by: bigint) => bigint): Operator {
  return arithmetic((x, y, place) => {
    checkBitwise(x, place)
    checkBitwise(y, place)
    if (y < 0) fail('Shift by negative exponent.', place)
    return Number(BigInt.asIntN(64, compute(int64(x), int64(y) % 64n)))
  })
}

function checkBitwise(value: number, place: Place): void {
  if (value >= -(2 ** 63) && value <= 2 ** 63) return
  const range = '[-9223372036854775808, 9223372036854775807]'
  fail(`Bitwise operator argument ${goText(value)} outside of range ${range}`, place)
}

function int64(value: number): bigint {
  return BigInt.asIntN(64, BigInt(Math.trunc(value)))
}

import { compareValues, equalValues } from '../compare.ts'
import { escapeJson } from '../escape-json.ts'
import { fail } from '../machine.ts'
import { textOf } from '../operators.ts'
import { program } from '../program.ts'
import { lengthOf } from '../strings.ts'
import { type TypeName, typeOf } from '../type-of.ts'
import { force, JsonnetArray, JsonnetFunction, JsonnetObject, type Slot, type Value } from '../values.ts'
import { asArray, asString, type Definitions, define } from './define.ts'

export const types: Definitions = {
  id: define('x', (x: Value) => x),
  type: define('x', (x: Value) => typeOf(x)),
  isString: isType('string'),
  isNumber: isType('number'),
  isBoolean: isType('boolean'),
  isObject: isType('object'),
  isArray: isType('array'),
  isFunction: isType('function'),
  length: define('x', length),
  toString: define('a', (a: Value) => textOf(a)),
  equals: define('x y', (x: Value, y: Value) => equalValues(x, y)),
  primitiveEquals: define('x y', primitiveEquals),
  assertEqual: define('a b', assertEqual),
  __compare: define('v1 v2', compare),
  __compare_array: define('arr1 arr2', compareArrays),
  __array_less: define('arr1 arr2', (x: Value, y: Value) => compareArrays(x, y) < 0),
  __array_greater: define('arr1 arr2', (x: Value, y: Value) => compareArrays(x, y) > 0),
  __array_less_or_equal: define('arr1 arr2', (x: Value, y: Value) => compareArrays(x, y) <= 0),
  __array_greater_or_equal: define('arr1 arr2', (x: Value, y: Value) => compareArrays(x, y) >= 0),
  extVar: define('x', (x: Value) => program().externalVariable(asString(x))),
  native: define('x', (x: Value) => program().nativeFunction(asString(x))),
  trace: define('str rest', (text: Value, rest: Value) => {
    program().trace(asString(text))
    return rest
  }),
}

function isType(name: TypeName) {
  return define('v', (value: Value) => typeOf(value) === name)
}

function length(value: Value): number {
  if (typeof value === 'string') return lengthOf(value)
  if (value instanceof JsonnetArray) return value.elements.length
  if (value instanceof JsonnetObject) return value.shape.visible().length
  if (value instanceof JsonnetFunction) return value.plan.required
  return fail(`Unexpected type ${typeOf(value)}`)
}

function primitiveEquals(x: Value, y: Value): boolean {
  if (typeOf(x) !== typeOf(y)) return false
  if (x instanceof JsonnetFunction) return fail('Cannot test equality of functions')
  if (x instanceof JsonnetArray || x instanceof JsonnetObject) {
    return fail(`primitiveEquals operates on primitive types, got ${typeOf(x)}`)
  }
  return x === y
}

function assertEqual(a: Value, b: Value): boolean {
  if (equalValues(a, b)) return true
  const show = (value: Value): string => (typeof value === 'string' ? escapeJson(value) : textOf(value))
  return fail(`Assertion failed. ${show(a)} != ${show(b)}`)
}

function compare(x: Value, y: Value): number {
  const type = typeOf(x)
  if (type !== typeOf(y)) fail(`Comparison requires matching types. Got ${type} and ${typeOf(y)}`)
  if (type === 'function' || type === 'object' || type === 'boolean') {
    fail(`Values of type ${type} are not comparable.`)
  }
  return type === 'array' ? compareArrays(x, y) : Math.sign(compareValues(x, y))
}

function compareArrays(x: Value, y: Value): number {
  const left = asArray(x).elements
  const right = asArray(y).elements
  for (let at = 0; at < Math.min(left.length, right.length); at++) {
    const order = compare(force(left[at] as Slot), force(right[at] as Slot))
    if (order !== 0) return order
  }
  return Math.sign(left.length - right.length)
}

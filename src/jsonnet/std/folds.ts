import { call } from '../call.ts'
import { compareValues } from '../compare.ts'
import { fail } from '../machine.ts'
import { checkNumber, textOf } from '../operators.ts'
import { typeOf } from '../type-of.ts'
import { force, JsonnetArray, type Slot, type Value } from '../values.ts'
import { items } from './arrays.ts'
import { asArray, asFunction, asNumber, type Definitions, define } from './define.ts'

/** Functions that make one value of an array. */
export const folds: Definitions = {
  foldl: define('func arr init', (func: Value, array: Value, init: Value) => {
    const fn = asFunction(func)
    let value = init
    for (const element of foldItems('foldl', array)) value = call(fn, value, element)
    return value
  }),
  foldr: define('func arr init', (func: Value, array: Value, init: Value) => {
    const fn = asFunction(func)
    let value = init
    for (const element of foldItems('foldr', array).toReversed()) value = call(fn, element, value)
    return value
  }),
  all: define('arr', (array: Value) => booleans('all', array, false)),
  any: define('arr', (array: Value) => booleans('any', array, true)),
  sum: define('arr', (array: Value) => checkNumber(sum(array))),
  avg: define('arr', (array: Value) => {
    const count = asArray(array).elements.length
    return count === 0 ? fail('Cannot calculate average of an empty array.') : sum(array) / count
  }),
  minArray: define('arr keyF? ~onEmpty?', (array: Value, key: Value | undefined, onEmpty: Slot | undefined) =>
    extreme(array, key, onEmpty, 1),
  ),
  maxArray: define('arr keyF? ~onEmpty?', (array: Value, key: Value | undefined, onEmpty: Slot | undefined) =>
    extreme(array, key, onEmpty, -1),
  ),
}

function foldItems(name: string, array: Value): readonly Slot[] {
  return items(array, (type) => `${name} second parameter should be string or array, got ${type}`)
}

/** Stops at the first element that decides. */
function booleans(name: string, array: Value, deciding: boolean): boolean {
  if (!(array instanceof JsonnetArray)) return fail(`${name}() parameter should be an array, got ${typeOf(array)}`)
  for (const element of array.elements) {
    const value = force(element)
    if (typeof value !== 'boolean') notBoolean(value)
    if (value === deciding) return deciding
  }
  return !deciding
}

function notBoolean(value: Value): never {
  const shown = textOf(value)
  return fail(`element "${shown}" of type ${typeOf(value)} is not a boolean`)
}

function sum(array: Value): number {
  let total = 0
  for (const element of asArray(array).elements) total += asNumber(force(element))
  return total
}

/** The first element whose key comes first (`sign` 1) or last (`sign` -1). */
function extreme(array: Value, keyF: Value | undefined, onEmpty: Slot | undefined, sign: number): Value {
  const { elements } = asArray(array)
  const key = keyF === undefined ? force : (element: Slot) => call(asFunction(keyF), element)
  const [first] = elements
  if (first === undefined) {
    return onEmpty === undefined ? fail('Expected at least one element in array. Got none') : force(onEmpty)
  }
  let best = first
  let bestKey = key(first)
  for (const element of elements.slice(1)) {
    const current = key(element)
    if (compareValues(bestKey, current) * sign <= 0) continue
    best = element
    bestKey = current
  }
  return force(best)
}

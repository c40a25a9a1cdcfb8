import { call } from '../call.ts'
import { equalValues } from '../compare.ts'
import { fail, tick } from '../machine.ts'
import { checkArrayLength, checkStringLength, sized } from '../size-limits.ts'
import { charactersOf } from '../strings.ts'
import { typeOf } from '../type-of.ts'
import { force, JsonnetArray, JsonnetFunction, type Slot, type Value } from '../values.ts'
import { asArray, asBoolean, asFunction, asInteger, asString, type Definitions, define, later } from './define.ts'
import { sliceValue } from './slice.ts'

export const arrays: Definitions = {
  makeArray: define('sz func', makeArray),
  range: define('from to', range),
  repeat: define('what count', repeat),
  slice: define('indexable index end step', (target: Value, from: Value, to: Value, step: Value) =>
    sliceValue(target, from, to, step),
  ),
  map: define('func arr', map),
  mapWithIndex: define('func arr', mapWithIndex),
  filter: define('func arr', (func: Value, array: Value) => {
    const elements = asArray(array).elements
    const test = asFunction(func)
    return new JsonnetArray(elements.filter((element) => asBoolean(call(test, element))))
  }),
  filterMap: define('filter_func map_func arr', filterMap),
  flatMap: define('func arr', flatMap),
  flattenArrays: define('arrs', flattenArrays),
  flattenDeepArray: define('value', (value: Value) => new JsonnetArray(flattenDeep(value, []))),
  join: define('sep arr', join),
  lines: define('arr', (array: Value) => join('\n', new JsonnetArray([...asArray(array).elements, '']))),
  deepJoin: define('arr', deepJoin),
  reverse: define('arr', (array: Value) => new JsonnetArray(asArray(array).elements.toReversed())),
  member: define('arr x', member),
  contains: define('arr elem', (array: Value, element: Value) => indexOf(asArray(array), element) >= 0),
  remove: define('arr elem', (array: Value, element: Value) => {
    const at = indexOf(asArray(array), element)
    return at < 0 ? array : removeAt(array, at)
  }),
  removeAt: define('arr i', removeAt),
  count: define('arr ~x', (array: Value, x: Slot) => positions(asArray(array), x).length),
  find: define('~value arr', (value: Slot, array: Value) => {
    if (array instanceof JsonnetArray) return new JsonnetArray(positions(array, value))
    return fail(`find second parameter should be an array, got ${typeOf(array)}`)
  }),
}

function makeArray(size: Value, func: Value): JsonnetArray {
  const count = asInteger(size)
  const fn = asFunction(func)
  checkArrayLength(count)
  const elements: Slot[] = []
  for (let at = 0; at < count; at++) elements.push(later(() => call(fn, at)))
  return new JsonnetArray(elements)
}

function range(from: Value, to: Value): JsonnetArray {
  const first = asInteger(from)
  const last = asInteger(to)
  checkArrayLength(last - first + 1)
  const elements: number[] = []
  for (let at = first; at <= last; at++) elements.push(at)
  return new JsonnetArray(elements)
}

function repeat(what: Value, count: Value): Value {
  if (typeof what !== 'string' && !(what instanceof JsonnetArray)) {
    return fail('std.repeat first argument must be an array or a string')
  }
  const times = Math.max(0, asInteger(count))
  if (typeof what === 'string') {
    checkStringLength(what.length * times)
    return sized(what.repeat(times))
  }
  checkArrayLength(what.elements.length * times)
  const elements: Slot[] = []
  for (let at = 0; at < times; at++) for (const element of what.elements) elements.push(element)
  return new JsonnetArray(elements)
}

/** The elements of an array, or the characters of a string. */
export function items(value: Value, wrong: (type: string) => string): readonly Slot[] {
  if (value instanceof JsonnetArray) return value.elements
  if (typeof value !== 'string') return fail(wrong(typeOf(value)))
  checkArrayLength(value.length)
  return charactersOf(value)
}

function functionFor(wrong: string, value: Value): JsonnetFunction {
  return value instanceof JsonnetFunction ? value : fail(`${wrong} must be function, got ${typeOf(value)}`)
}

function map(func: Value, array: Value): JsonnetArray {
  const fn = functionFor('std.map first param', func)
  const elements = items(array, (type) => `std.map second param must be array / string, got ${type}`)
  return new JsonnetArray(elements.map((element) => later(() => call(fn, element))))
}

function mapWithIndex(func: Value, array: Value): JsonnetArray {
  const fn = functionFor('std.mapWithIndex first param', func)
  const elements = items(array, (type) => `std.mapWithIndex second param must be array, got ${type}`)
  return new JsonnetArray(elements.map((element, at) => later(() => call(fn, at, element))))
}

function filterMap(filter: Value, mapper: Value, array: Value): JsonnetArray {
  const test = functionFor('std.filterMap first param', filter)
  const fn = functionFor('std.filterMap second param', mapper)
  if (!(array instanceof JsonnetArray)) return fail(`std.filterMap third param must be array, got ${typeOf(array)}`)
  const kept = array.elements.filter((element) => asBoolean(call(test, element)))
  return new JsonnetArray(kept.map((element) => later(() => call(fn, element))))
}

function flatMap(func: Value, array: Value): Value {
  const fn = asFunction(func)
  if (typeof array === 'string') {
    return charactersOf(array)
      .map((character) => asString(call(fn, character)))
      .join('')
  }
  const elements = items(array, (type) => `std.flatMap second param must be array / string, got ${type}`)
  const flat: Slot[] = []
  for (const element of elements) append(flat, asArray(call(fn, element)))
  return new JsonnetArray(flat)
}

function flattenArrays(arrays: Value): JsonnetArray {
  const flat: Slot[] = []
  const parts = items(arrays, (type) => `foldl second parameter should be string or array, got ${type}`)
  for (const part of parts) append(flat, asArray(force(part)))
  return new JsonnetArray(flat)
}

function append(elements: Slot[], more: JsonnetArray): void {
  checkArrayLength(elements.length + more.elements.length)
  for (const element of more.elements) elements.push(element)
}

function flattenDeep(value: Value, flat: Slot[]): Slot[] {
  if (!(value instanceof JsonnetArray)) flat.push(value)
  else {
    for (const element of value.elements) flattenDeep(force(element), flat)
    checkArrayLength(flat.length)
  }
  return flat
}

/** Null elements are left out, their separators too. */
function join(separator: Value, array: Value): Value {
  const { elements } = asArray(array)
  if (typeof separator === 'string') {
    const texts: string[] = []
    let length = 0
    for (const element of elements) {
      const value = force(element)
      if (value === null) continue
      const text = asString(value)
      length += text.length + separator.length
      checkStringLength(length)
      texts.push(text)
    }
    return sized(texts.join(separator))
  }
  if (!(separator instanceof JsonnetArray)) {
    return fail(`join first parameter should be string or array, got ${typeOf(separator)}`)
  }
  const joined: Slot[] = []
  let isFirst = true
  for (const element of elements) {
    const value = force(element)
    if (value === null) continue
    if (!isFirst) append(joined, separator)
    append(joined, asArray(value))
    isFirst = false
  }
  return new JsonnetArray(joined)
}

function deepJoin(value: Value): string {
  if (typeof value === 'string') return value
  if (!(value instanceof JsonnetArray)) return fail(`Expected string or array, got ${typeOf(value)}`)
  return sized(value.elements.map((element) => deepJoin(force(element))).join(''))
}

function member(array: Value, x: Value): boolean {
  if (typeof array === 'string') return array.includes(asString(x))
  if (array instanceof JsonnetArray) return indexOf(array, x) >= 0
  return fail('std.member first argument must be an array or a string')
}

function indexOf(array: JsonnetArray, wanted: Value): number {
  return array.elements.findIndex((element) => equalValues(force(element), wanted))
}

function positions(array: JsonnetArray, wanted: Slot): number[] {
  const found: number[] = []
  array.elements.forEach((element, at) => {
    tick()
    if (equalValues(force(element), force(wanted))) found.push(at)
  })
  return found
}

function removeAt(array: Value, index: Value): JsonnetArray {
  const { elements } = asArray(array)
  const at = asInteger(index)
  if (at < 0 || at >= elements.length) fail(`Index ${at} out of bounds, not within [0, ${elements.length})`)
  return new JsonnetArray(elements.toSpliced(at, 1))
}

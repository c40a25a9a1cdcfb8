import { call } from '../call.ts'
import { compareValues, equalValues } from '../compare.ts'
import { force, JsonnetArray, type Slot, type Value } from '../values.ts'
import { items } from './arrays.ts'
import { asArray, asFunction, type Definitions, define } from './define.ts'

/** Sets are arrays that are sorted and without duplicates, both as `keyF` sees the elements. */
export const sets: Definitions = {
  sort: define('arr keyF?', (array: Value, keyF?: Value) => sort(asArray(array).elements, keyF)),
  uniq: define('arr keyF?', (array: Value, keyF?: Value) => uniq(asArray(array).elements, keyF)),
  set: define('arr keyF?', (array: Value, keyF?: Value) => uniq(sort(asArray(array).elements, keyF).elements, keyF)),
  setMember: define('~x arr keyF?', setMember),
  setUnion: define('a b keyF?', (a: Value, b: Value, keyF?: Value) => merge(a, b, keyF, true, true, true)),
  setInter: define('a b keyF?', (a: Value, b: Value, keyF?: Value) => merge(a, b, keyF, false, true, false)),
  setDiff: define('a b keyF?', (a: Value, b: Value, keyF?: Value) => merge(a, b, keyF, true, false, false)),
}

function keyOf(keyF: Value | undefined): (element: Slot) => Value {
  if (keyF === undefined) return force
  const fn = asFunction(keyF)
  return (element) => call(fn, element)
}

function sort(elements: readonly Slot[], keyF: Value | undefined): JsonnetArray {
  const key = keyOf(keyF)
  const keyed = elements.map((element) => ({ element, key: key(element) }))
  keyed.sort((x, y) => compareValues(x.key, y.key))
  return new JsonnetArray(keyed.map(({ element }) => element))
}

/** Drops elements that equal the one before. */
function uniq(elements: readonly Slot[], keyF: Value | undefined): JsonnetArray {
  if (elements.length < 2) return new JsonnetArray([...elements])
  const key = keyOf(keyF)
  const kept: Slot[] = []
  let last: Value = null
  for (const element of elements) {
    const current = key(element)
    if (kept.length > 0 && equalValues(last, current)) continue
    kept.push(element)
    last = current
  }
  return new JsonnetArray(kept)
}

/** Walks both sets in order: what only `a` has, what both have (the one of `a`), what only `b` has. */
function merge(
  a: Value,
  b: Value,
  keyF: Value | undefined,
  onlyA: boolean,
  both: boolean,
  onlyB: boolean,
): JsonnetArray {
  const left = items(a, (type) => `Unexpected type ${type}`)
  const right = items(b, (type) => `Unexpected type ${type}`)
  const key = keyOf(keyF)
  const leftKeys: Value[] = []
  const rightKeys: Value[] = []
  const merged: Slot[] = []
  let i = 0
  let j = 0
  while (i < left.length && j < right.length) {
    const x = left[i] as Slot
    const y = right[j] as Slot
    if (i === leftKeys.length) leftKeys.push(key(x))
    if (j === rightKeys.length) rightKeys.push(key(y))
    const xKey = leftKeys[i] ?? null
    const yKey = rightKeys[j] ?? null
    if (equalValues(xKey, yKey)) {
      if (both) merged.push(x)
      i++
      j++
    } else if (compareValues(xKey, yKey) < 0) {
      if (onlyA) merged.push(x)
      i++
    } else {
      if (onlyB) merged.push(y)
      j++
    }
  }
  return new JsonnetArray(merged.concat(onlyA ? left.slice(i) : [], onlyB ? right.slice(j) : []))
}

function setMember(x: Slot, array: Value, keyF?: Value): boolean {
  const elements = items(array, (type) => `Unexpected type ${type}`)
  if (elements.length === 0) return false
  const key = keyOf(keyF)
  const wanted = key(x)
  let low = 0
  let high = elements.length - 1
  while (low <= high) {
    const middle = (low + high) >> 1
    const current = key(elements[middle] as Slot)
    if (equalValues(current, wanted)) return true
    if (compareValues(current, wanted) < 0) low = middle + 1
    else high = middle - 1
  }
  return false
}

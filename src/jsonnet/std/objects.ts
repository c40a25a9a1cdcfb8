import { call } from '../call.ts'
import { fail } from '../machine.ts'
import { typeOf } from '../type-of.ts'
import { force, JsonnetArray, JsonnetFunction, JsonnetObject, type Slot, type Value } from '../values.ts'
import { asBoolean, asFunction, asObject, asString, type Definitions, define, later, lazyObject } from './define.ts'

export const objects: Definitions = {
  objectFieldsEx: define('obj hidden', (object: Value, hidden: Value) => fields(asObject(object), asBoolean(hidden))),
  objectFields: define('o', (object: Value) => fields(asObject(object), false)),
  objectFieldsAll: define('o', (object: Value) => fields(asObject(object), true)),
  objectHasEx: define('obj fname hidden', (object: Value, name: Value, hidden: Value) =>
    has(asObject(object), asString(name), asBoolean(hidden)),
  ),
  objectHas: define('o f', (object: Value, name: Value) => has(asObject(object), asString(name), false)),
  objectHasAll: define('o f', (object: Value, name: Value) => has(asObject(object), asString(name), true)),
  objectValues: define('o', (object: Value) => values(asObject(object), false)),
  objectValuesAll: define('o', (object: Value) => values(asObject(object), true)),
  objectKeysValues: define('o', (object: Value) => keysValues(asObject(object), false)),
  objectKeysValuesAll: define('o', (object: Value) => keysValues(asObject(object), true)),
  objectRemoveKey: define('obj key', (object: Value, key: Value) => asObject(object).without(asString(key))),
  get: define('o f ~default? inc_hidden?', (object: Value, name: Value, otherwise?: Slot, hidden?: Value) => {
    const isIncluded = hidden === undefined || asBoolean(hidden)
    if (has(asObject(object), asString(name), isIncluded)) return asObject(object).index(asString(name))
    return otherwise === undefined ? null : force(otherwise)
  }),
  mapWithKey: define('func obj', mapWithKey),
  mergePatch: define('~target patch', mergePatch),
  prune: define('a', prune),
}

function entries(object: JsonnetObject, hidden: boolean) {
  return hidden ? object.shape.all() : object.shape.visible()
}

function fields(object: JsonnetObject, hidden: boolean): JsonnetArray {
  return new JsonnetArray(entries(object, hidden).map((entry) => entry.name))
}

function has(object: JsonnetObject, name: string, hidden: boolean): boolean {
  const entry = object.shape.byName.get(name)
  return entry !== undefined && (hidden || entry.visibility !== 'hidden')
}

function values(object: JsonnetObject, hidden: boolean): JsonnetArray {
  return new JsonnetArray(entries(object, hidden).map(({ name }) => later(() => object.index(name))))
}

function keysValues(object: JsonnetObject, hidden: boolean): JsonnetArray {
  return new JsonnetArray(
    entries(object, hidden).map(({ name }) =>
      lazyObject([
        ['key', () => name],
        ['value', () => object.index(name)],
      ]),
    ),
  )
}

function mapWithKey(func: Value, object: Value): JsonnetObject {
  if (!(func instanceof JsonnetFunction)) {
    return fail(`std.mapWithKey first param must be function, got ${typeOf(func)}`)
  }
  if (!(object instanceof JsonnetObject)) {
    return fail(`std.mapWithKey second param must be object, got ${typeOf(object)}`)
  }
  const fn = asFunction(func)
  return lazyObject(
    object.shape.visible().map(({ name }) => [
      name,
      () =>
        call(
          fn,
          name,
          later(() => object.index(name)),
        ),
    ]),
  )
}

/** RFC 7396: fields of the patch replace those of the target, null takes them away. */
function mergePatch(target: Slot, patch: Value): Value {
  if (!(patch instanceof JsonnetObject)) return patch
  const forced = force(target)
  const base = forced instanceof JsonnetObject ? forced : undefined
  const names = new Set([...(base?.shape.visible() ?? []), ...patch.shape.visible()].map((entry) => entry.name))
  for (const { name } of patch.shape.visible()) if (patch.index(name) === null) names.delete(name)
  return lazyObject(
    [...names].map((name) => {
      const inBase = base !== undefined && has(base, name, false)
      const old = inBase ? later(() => base.index(name)) : null
      return [name, () => (has(patch, name, false) ? mergePatch(old, patch.index(name)) : force(old))]
    }),
  )
}

/** Takes away null and what is empty after pruning, however deep. */
function prune(value: Value): Value {
  if (value instanceof JsonnetArray) {
    return new JsonnetArray(value.elements.map((element) => prune(force(element))).filter(isContent))
  }
  if (!(value instanceof JsonnetObject)) return value
  const kept: [string, () => Value][] = []
  for (const { name } of value.shape.visible()) {
    const pruned = prune(value.index(name))
    if (isContent(pruned)) kept.push([name, () => pruned])
  }
  return lazyObject(kept)
}

function isContent(value: Value): boolean {
  if (value === null) return false
  if (value instanceof JsonnetArray) return value.elements.length > 0
  return !(value instanceof JsonnetObject) || value.shape.visible().length > 0
}

import { charge, fail } from '../machine.ts'
import { goText } from '../number-text.ts'
import { LayeredObject } from '../object.ts'
import { shapeOfMembers } from '../shape.ts'
import { unexpected } from '../type-of.ts'
import {
  type FunctionPlan,
  JsonnetArray,
  JsonnetFunction,
  JsonnetObject,
  type Member,
  type Slot,
  Thunk,
  type Value,
} from '../values.ts'

/** What a module of the library gives: builtins by name. */
export type Definitions = Record<string, FunctionPlan>

/** A builtin. Parameters that end in `?` may be left out and are then undefined; those that begin with `~` arrive
 *  unevaluated. */
export function define<Args extends (Slot | undefined)[]>(
  parameters: string,
  call: (...args: Args) => Value,
): FunctionPlan {
  const specs = parameters.split(' ').filter((spec) => spec !== '')
  return {
    name: undefined,
    parameters: specs.map((spec) => ({
      name: spec.replace(/[~?]/g, ''),
      fallback: spec.endsWith('?') ? () => null : undefined,
    })),
    required: specs.filter((spec) => !spec.endsWith('?')).length,
    layout: { size: 0 },
    body: () => null,
    builtin: {
      lazy: specs.map((spec) => spec.startsWith('~')),
      call: call as unknown as (...args: Slot[]) => Value,
    },
  }
}

export function asNumber(value: Value): number {
  return typeof value === 'number' ? value : unexpected(value, 'number')
}

export function asString(value: Value): string {
  return typeof value === 'string' ? value : unexpected(value, 'string')
}

export function asBoolean(value: Value): boolean {
  return typeof value === 'boolean' ? value : unexpected(value, 'boolean')
}

export function asArray(value: Value): JsonnetArray {
  return value instanceof JsonnetArray ? value : unexpected(value, 'array')
}

export function asObject(value: Value): JsonnetObject {
  return value instanceof JsonnetObject ? value : unexpected(value, 'object')
}

export function asFunction(value: Value): JsonnetFunction {
  return value instanceof JsonnetFunction ? value : unexpected(value, 'function')
}

/** A whole number of at most 32 bits. */
export function asInteger(value: Value): number {
  const number = asNumber(value)
  if ((number | 0) !== number) fail(`Expected an integer, but got ${goText(number)}`)
  return number
}

/** Applies a function when the element is first asked for. */
export function later(compute: () => Value): Thunk {
  charge(160)
  return new Thunk(compute, [])
}

/** An object whose fields are computed when they are first asked for. */
export function lazyObject(fields: Iterable<readonly [string, () => Value]>): JsonnetObject {
  const members: Member[] = []
  for (const [name, code] of fields) {
    members.push({ name, visibility: 'inherit', plus: undefined, constant: undefined, code, place: undefined })
  }
  return ofMembers(members)
}

export function constantObject(
  fields: Iterable<readonly [string, Value]>,
  visibility: Member['visibility'] = 'inherit',
): JsonnetObject {
  const members: Member[] = []
  for (const [name, constant] of fields) {
    members.push({ name, visibility, plus: undefined, constant, code: () => constant, place: undefined })
  }
  return ofMembers(members)
}

function ofMembers(members: readonly Member[]): JsonnetObject {
  const plan = { layout: { size: 3 }, locals: [], asserts: [], place: undefined }
  return LayeredObject.of({ plan, env: [], shape: shapeOfMembers(members, false, false), memberEnvs: undefined })
}

import { compile } from './compile.ts'
import { knownBuiltin } from './compile-apply.ts'
import { StaticFailure } from './failure.ts'
import { JsonnetFunction } from './function.ts'
import { fail } from './machine.ts'
import { JsonnetObject } from './object.ts'
import { typeOf, unexpected } from './operators.ts'
import type { Scope } from './scope.ts'
import type { Place } from './source.ts'
import { sliceValue } from './std/slice.ts'
import { characterAt, lengthOf } from './strings.ts'
import type { Index, InSuper, Node, Slice, SuperIndex } from './syntax.ts'
import { forceAt, Thunk } from './thunk.ts'
import { type Code, type Env, JsonnetArray, type Value } from './values.ts'

export function compileIndex(node: Index, scope: Scope): Code {
  const builtin = knownBuiltin(node, scope)
  if (builtin !== undefined) {
    const fn = new JsonnetFunction(builtin, [])
    return () => fn
  }
  const target = compile(node.target, scope)
  const place = scope.place(node)
  if (node.index.kind === 'literal' && typeof node.index.value === 'string') {
    const name = node.index.value
    return (env) => {
      const value = target(env)
      return value instanceof JsonnetObject ? value.index(name, place) : indexValue(value, name, place)
    }
  }
  const index = compile(node.index, scope)
  return (env) => indexValue(target(env), index(env), place)
}

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

export function compileSlice(node: Slice, scope: Scope): Code {
  const target = compile(node.target, scope)
  const part = (bound: Node | undefined): Code => (bound === undefined ? () => null : compile(bound, scope))
  const from = part(node.from)
  const to = part(node.to)
  const step = part(node.step)
  const place = scope.place(node)
  return (env) => sliceValue(target(env), from(env), to(env), step(env), place)
}

export function compileSuperIndex(node: SuperIndex, scope: Scope): Code {
  const index = compile(node.index, scope)
  const layerOf = compileLayer(node, scope)
  const place = scope.place(node)
  return (env) => {
    const name = index(env)
    if (typeof name !== 'string') return unexpected(name, 'string', place)
    const layer = layerOf(env)
    return (layer[1] as JsonnetObject).indexSuper(name, layer[2] as number, place)
  }
}

export function compileInSuper(node: InSuper, scope: Scope): Code {
  const index = compile(node.index, scope)
  const layerOf = compileLayer(node, scope)
  const place = scope.place(node)
  return (env) => {
    const name = index(env)
    if (typeof name !== 'string') return unexpected(name, 'string', place)
    const layer = layerOf(env)
    return (layer[1] as JsonnetObject).hasSuper(name, layer[2] as number)
  }
}

/** The environment of the object layer around: its entry 1 is `self`, entry 2 the number of the layer. */
function compileLayer(node: Node, scope: Scope): (env: Env) => Env {
  const found = scope.find('self')
  if (found === undefined) throw new StaticFailure("Can't use super outside of an object", scope.place(node))
  const { depth } = found
  return (env) => {
    let at = env
    for (let out = depth; out > 0; out--) at = at[0] as Env
    return at
  }
}

import { StaticFailure } from './failure.ts'
import { indexValue } from './index-value.ts'
import { knownBuiltin } from './known-builtin.ts'
import type { Scope } from './scope.ts'
import { sliceValue } from './std/slice.ts'
import type { Index, InSuper, Node, Slice, SuperIndex } from './syntax.ts'
import { unexpected } from './type-of.ts'
import { type Code, type Env, JsonnetFunction, JsonnetObject } from './values.ts'

export function compileIndex(node: Index, scope: Scope): Code {
  const builtin = knownBuiltin(node, scope)
  if (builtin !== undefined) {
    const fn = new JsonnetFunction(builtin, [])
    return () => fn
  }
  const target = scope.compile(node.target)
  const place = scope.place(node)
  if (node.index.kind === 'literal' && typeof node.index.value === 'string') {
    const name = node.index.value
    return (env) => {
      const value = target(env)
      return value instanceof JsonnetObject ? value.index(name, place) : indexValue(value, name, place)
    }
  }
  const index = scope.compile(node.index)
  return (env) => indexValue(target(env), index(env), place)
}

export function compileSlice(node: Slice, scope: Scope): Code {
  const target = scope.compile(node.target)
  const part = (bound: Node | undefined): Code => (bound === undefined ? () => null : scope.compile(bound))
  const from = part(node.from)
  const to = part(node.to)
  const step = part(node.step)
  const place = scope.place(node)
  return (env) => sliceValue(target(env), from(env), to(env), step(env), place)
}

export function compileSuperIndex(node: SuperIndex, scope: Scope): Code {
  const index = scope.compile(node.index)
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
  const index = scope.compile(node.index)
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

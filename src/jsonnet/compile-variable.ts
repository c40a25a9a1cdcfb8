import { StaticFailure } from './failure.ts'
import type { Scope } from './scope.ts'
import { didYouMean } from './suggest.ts'
import type { Node, Variable } from './syntax.ts'
import { type Code, type Env, forceAt, Thunk, type Value } from './values.ts'

/** A variable, found by counting environments outwards. Once a lazy value is known it takes the place of its promise. */
export function compileVariable(node: Variable, scope: Scope): Code {
  const found = scope.find(node.name)
  if (found === undefined) throw unknownVariable(node.name, scope, node)
  const { depth, slot } = found
  const place = scope.place(node)
  const read = (env: Env): Value => {
    const held = env[slot]
    if (!(held instanceof Thunk)) return held as Value
    const value = forceAt(held, place)
    env[slot] = value
    return value
  }
  if (depth === 0) return read
  if (depth === 1) return (env) => read(env[0] as Env)
  if (depth === 2) return (env) => read((env[0] as Env)[0] as Env)
  return (env) => {
    let at = env
    for (let out = depth; out > 0; out--) at = at[0] as Env
    return read(at)
  }
}

export function unknownVariable(name: string, scope: Scope, node: Node): StaticFailure {
  return new StaticFailure(`Unknown variable: ${name}`, scope.place(node), didYouMean(name, scope.names()))
}

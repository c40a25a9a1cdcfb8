import { unknownVariable } from './compile-variable.ts'
import type { Scope } from './scope.ts'
import { isStaticObject, type Node } from './syntax.ts'
import { type Env, type Slot, Thunk } from './values.ts'

/** Compiles an expression that is evaluated later, if at all. What cannot fail and costs nothing is made at once.
 *  binding: the value of a local or a default, made before the variables beside it have theirs.
 *  element, argument: made where all visible variables have theirs, so a variable hands on what it holds. */
export function delay(node: Node, scope: Scope, use: 'binding' | 'element' | 'argument'): (env: Env) => Slot {
  const place = scope.unit.keepPlaces ? scope.place(node) : undefined
  if (place !== undefined && use === 'element') {
    if (node.kind === 'literal') {
      const ready = Thunk.ready(node.value, place)
      return () => ready
    }
    const code = scope.compile(node)
    return (env) => new Thunk(code, env, place)
  }
  if (node.kind === 'literal' && node.value !== Number.POSITIVE_INFINITY) {
    const { value } = node
    return () => value
  }
  if (node.kind === 'function' || (node.kind === 'object' && isStaticObject(node))) return scope.compile(node)
  if (node.kind === 'variable' && use !== 'binding') return handOn(node.name, scope, node)
  const code = scope.compile(node)
  return (env) => new Thunk(code, env, place)
}

function handOn(name: string, scope: Scope, node: Node): (env: Env) => Slot {
  const found = scope.find(name)
  if (found === undefined) throw unknownVariable(name, scope, node)
  const { depth, slot } = found
  return (env) => {
    let at = env
    for (let out = depth; out > 0; out--) at = at[0] as Env
    return at[slot] as Slot
  }
}

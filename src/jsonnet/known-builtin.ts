import type { Scope } from './scope.ts'
import type { Node } from './syntax.ts'
import type { FunctionPlan } from './values.ts'

/** `std.name` where `std` is what it always is. */
export function knownBuiltin(node: Node, scope: Scope): FunctionPlan | undefined {
  if (node.kind !== 'index' || node.target.kind !== 'variable' || node.target.name !== 'std') return undefined
  if (node.index.kind !== 'literal' || typeof node.index.value !== 'string') return undefined
  if (scope.find('std')?.scope.isFile() !== true) return undefined
  return scope.unit.builtins.get(node.index.value)
}

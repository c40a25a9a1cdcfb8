import { delay } from './delay.ts'
import type { Scope } from './scope.ts'
import type { FunctionNode } from './syntax.ts'
import { type Env, type FunctionPlan, JsonnetFunction } from './values.ts'

/** A closure. Parameters are the first entries of a call's environment; defaults see all of them. */
export function compileFunction(node: FunctionNode, scope: Scope): (env: Env) => JsonnetFunction {
  const inner = scope.enter(node.name === undefined ? 'function <anonymous>' : `function <${node.name}>`)
  for (const parameter of node.parameters) inner.declare(parameter.name)
  const plan: FunctionPlan = {
    name: node.name,
    parameters: node.parameters.map(({ name, fallback }) => ({
      name,
      fallback: fallback === undefined ? undefined : delay(fallback, inner, 'binding'),
    })),
    required: node.parameters.filter((parameter) => parameter.fallback === undefined).length,
    layout: inner.layout,
    body: inner.compile(node.body, 'tail'),
    builtin: undefined,
  }
  return (env) => new JsonnetFunction(plan, env)
}

import { enterFrame, fail, machine } from './machine.ts'
import type { Place } from './source.ts'
import { didYouMean } from './suggest.ts'
import { force, Thunk } from './thunk.ts'
import type { Code, Env, Slot, Value } from './values.ts'

export interface CompiledParameter {
  name: string
  /** Makes the argument that was not given, from the environment of the call. Absent when it must be given. */
  fallback: ((env: Env) => Slot) | undefined
}

/** What all closures of one function expression share. */
export interface FunctionPlan {
  name: string | undefined
  parameters: readonly CompiledParameter[]
  /** How many of the parameters must be given. */
  required: number
  /** Entries of the environment of a call, known once the body is compiled. */
  layout: { size: number }
  body: Code
  builtin: Builtin | undefined
}

/** A function that is not written in Jsonnet. Gets its arguments in order; those not given are undefined. */
export interface Builtin {
  /** By parameter: the argument arrives unevaluated. */
  lazy: readonly boolean[]
  call: (...args: Slot[]) => Value
}

export class JsonnetFunction {
  readonly plan: FunctionPlan
  readonly env: Env

  constructor(plan: FunctionPlan, env: Env) {
    this.plan = plan
    this.env = env
  }

  /** Calls with positional arguments from within a builtin, whose own call is the place that a failure names. */
  call(...args: Slot[]): Value {
    return callWith(this, args, [], false, undefined)
  }
}

/** Returned by a body in place of a value: the call to go on with is in `machine.tail…`. */
export const tail = Symbol('tail') as unknown as Value

/** Runs a body in an environment that has the arguments. */
export function run(fn: JsonnetFunction, env: Env, tailstrict: boolean, place: Place | undefined): Value {
  const { depth, trimmable, top } = machine
  machine.places[top] = place
  machine.top = top + 1
  enterFrame()
  machine.trimmable = tailstrict
  let value = fn.plan.body(env)
  while (value === tail) {
    const next = machine.tailFunction as JsonnetFunction
    machine.places[top] = machine.tailPlace
    machine.top = top + 1
    machine.depth = depth
    enterFrame()
    machine.trimmable = machine.tailStrict
    value = next.plan.body(machine.tailEnv)
  }
  machine.depth = depth
  machine.trimmable = trimmable
  machine.top = top
  return value
}

export interface NamedArgument {
  name: string
  value: Slot
}

/** A call in full generality: named arguments, defaults, builtins. */
export function callWith(
  fn: JsonnetFunction,
  positional: readonly Slot[],
  named: readonly NamedArgument[],
  tailstrict: boolean,
  place: Place | undefined,
): Value {
  const { plan } = fn
  if (plan.builtin !== undefined) return callBuiltin(plan, plan.builtin, positional, named, place)
  const env = bindArguments(fn, positional, named, place)
  if (tailstrict) for (let at = 1; at <= plan.parameters.length; at++) force(env[at] as Slot)
  return run(fn, env, tailstrict, place)
}

/** The environment of a call. */
export function bindArguments(
  fn: JsonnetFunction,
  positional: readonly Slot[],
  named: readonly NamedArgument[],
  place: Place | undefined,
): Env {
  const { plan } = fn
  const given = matchArguments(plan, positional, named, place)
  const env: Env = new Array(plan.layout.size)
  env[0] = fn.env
  for (let at = 0; at < given.length; at++) env[at + 1] = given[at]
  plan.parameters.forEach((parameter, at) => {
    if (env[at + 1] === undefined && parameter.fallback !== undefined) env[at + 1] = parameter.fallback(env)
  })
  return env
}

function callBuiltin(
  plan: FunctionPlan,
  builtin: Builtin,
  positional: readonly Slot[],
  named: readonly NamedArgument[],
  place: Place | undefined,
): Value {
  const { top } = machine
  machine.places[top] = place
  machine.top = top + 1
  const args = matchArguments(plan, positional, named, undefined) as Slot[]
  for (let at = 0; at < args.length; at++) {
    const slot = args[at]
    if (slot instanceof Thunk && builtin.lazy[at] !== true) args[at] = slot.force()
  }
  const value = builtin.call(...args)
  machine.top = top
  return value
}

/** Arguments by parameter, undefined for those left to their default. Fails as go-jsonnet does when they do not fit. */
function matchArguments(
  plan: FunctionPlan,
  positional: readonly Slot[],
  named: readonly NamedArgument[],
  place: Place | undefined,
): (Slot | undefined)[] {
  const { parameters } = plan
  if (positional.length > parameters.length) {
    fail(`function expected ${parameters.length} positional argument(s), but got ${positional.length}`, place)
  }
  const given: (Slot | undefined)[] = new Array(parameters.length).fill(undefined)
  positional.forEach((slot, at) => {
    given[at] = slot
  })
  for (const { name, value } of named) {
    const at = parameters.findIndex((parameter) => parameter.name === name)
    if (at < 0) {
      const names = parameters.map((parameter) => parameter.name)
      fail(`function has no parameter ${name}`, place, didYouMean(name, names))
    }
    if (given[at] !== undefined) fail(`Argument ${name} already provided`, place)
    given[at] = value
  }
  parameters.forEach((parameter, at) => {
    if (given[at] === undefined && parameter.fallback === undefined) fail(`Missing argument: ${parameter.name}`, place)
  })
  return given
}

import { enterFrame, fail, machine } from './machine.ts'
import type { Place } from './source.ts'
import { didYouMean } from './suggest.ts'
import {
  type Builtin,
  type Env,
  type FunctionPlan,
  force,
  type JsonnetFunction,
  type Slot,
  Thunk,
  type Value,
} from './values.ts'

/** Calls with positional arguments from within a builtin, whose own call is the place that a failure names. */
export function call(fn: JsonnetFunction, ...args: Slot[]): Value {
  return callWith(fn, args, [], false, undefined)
}

/** The call that a function body left to its caller; see `tail`. */
export const pendingCall: { fn: JsonnetFunction | undefined; env: Env; tailstrict: boolean; place: Place | undefined } =
  {
    fn: undefined,
    env: [],
    tailstrict: false,
    place: undefined,
  }

/** Returned by a body in place of a value: the call to go on with is in `pendingCall`. */
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
    const next = pendingCall.fn as JsonnetFunction
    machine.places[top] = pendingCall.place
    machine.top = top + 1
    machine.depth = depth
    enterFrame()
    machine.trimmable = pendingCall.tailstrict
    value = next.plan.body(pendingCall.env)
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

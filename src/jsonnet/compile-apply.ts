import { bindArguments, callWith, pendingCall, run, tail } from './call.ts'
import { delay } from './delay.ts'
import { knownBuiltin } from './known-builtin.ts'
import { fail, machine } from './machine.ts'
import type { Position, Scope } from './scope.ts'
import type { Place } from './source.ts'
import type { Apply } from './syntax.ts'
import { typeOf } from './type-of.ts'
import {
  type Builtin,
  type Code,
  type Env,
  type FunctionPlan,
  force,
  JsonnetFunction,
  type Slot,
  type Value,
} from './values.ts'

/** A call. Three ways: a builtin known while compiling, a closure with just its positional arguments, all others. */
export function compileApply(node: Apply, scope: Scope, position: Position): Code {
  const builtin = knownBuiltin(node.target, scope)
  if (builtin?.builtin !== undefined && isPlain(node, builtin)) {
    return compileBuiltinCall(node, builtin.builtin, scope)
  }
  const target = scope.compile(node.target)
  const makers = node.positional.map((arg) => delay(arg, scope, 'argument'))
  const named = node.named.map(({ name, value }) => ({ name, make: delay(value, scope, 'argument') }))
  const place = scope.place(node)
  const { tailstrict } = node
  const count = makers.length
  const hasNamed = named.length > 0
  return (env) => {
    const fn = target(env)
    if (!(fn instanceof JsonnetFunction)) return fail(`Unexpected type ${typeOf(fn)}, expected function`, place)
    const { plan } = fn
    let frame: Env
    if (plan.required === count && plan.parameters.length === count && !hasNamed && plan.builtin === undefined) {
      frame = new Array(plan.layout.size)
      frame[0] = fn.env
      for (let at = 0; at < count; at++) frame[at + 1] = makers[at]?.(env)
    } else {
      const positional = makers.map((make) => make(env))
      const byName = named.map(({ name, make }) => ({ name, value: make(env) }))
      if (plan.builtin !== undefined) return callWith(fn, positional, byName, tailstrict, place)
      frame = bindArguments(fn, positional, byName, place)
    }
    if (tailstrict) for (let at = 1; at <= plan.parameters.length; at++) force(frame[at] as Slot)
    return position === 'none' || !machine.trimmable
      ? run(fn, frame, tailstrict, place)
      : replaceFrame(fn, frame, tailstrict, place, position)
  }
}

/** The frame of the running function is not needed any more: it is left to the caller, or at least not counted. */
function replaceFrame(fn: JsonnetFunction, frame: Env, tailstrict: boolean, place: Place, position: Position): Value {
  if (position === 'tail') {
    pendingCall.fn = fn
    pendingCall.env = frame
    pendingCall.tailstrict = tailstrict
    pendingCall.place = place
    return tail
  }
  machine.trimmable = false
  machine.depth--
  return run(fn, frame, tailstrict, place)
}

function isPlain(node: Apply, plan: FunctionPlan): boolean {
  const given = node.positional.length
  return node.named.length === 0 && given >= plan.required && given <= plan.parameters.length
}

/** Arguments that a builtin evaluates anyway are evaluated without a promise in between. */
function compileBuiltinCall(node: Apply, builtin: Builtin, scope: Scope): Code {
  const { call, lazy } = builtin
  const place = scope.place(node)
  const args = node.positional.map((arg, at) =>
    lazy[at] === true ? delay(arg, scope, 'argument') : scope.compile(arg),
  )
  const [first, second] = args
  const enter = (): number => {
    const { top } = machine
    machine.places[top] = place
    machine.top = top + 1
    return top
  }
  if (args.length === 1 && first !== undefined) {
    return (env) => {
      const top = enter()
      const value = call(first(env))
      machine.top = top
      return value
    }
  }
  if (args.length === 2 && first !== undefined && second !== undefined) {
    return (env) => {
      const top = enter()
      const value = call(first(env), second(env))
      machine.top = top
      return value
    }
  }
  return (env) => {
    const top = enter()
    const value = call(...args.map((arg) => arg(env)))
    machine.top = top
    return value
  }
}

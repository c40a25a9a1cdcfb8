import { toBoolean } from './compile-check.ts'
import { compileField, compileLayer, enterObject, fieldName } from './compile-object.ts'
import { delay } from './delay.ts'
import { escapeJson } from './escape-json.ts'
import { fail, tick } from './machine.ts'
import { LayeredObject } from './object.ts'
import type { Scope } from './scope.ts'
import { shapeOfMembers } from './shape.ts'
import type { ArrayComprehension, Clause, ObjectComprehension } from './syntax.ts'
import { typeOf, unexpected } from './type-of.ts'
import { type Code, type Env, JsonnetArray, type Member, type Slot } from './values.ts'

/** Calls `visit` with the environment of every round that passes the conditions. */
type Rounds = (env: Env, visit: (env: Env) => void) => void

export function compileArrayComprehension(node: ArrayComprehension, scope: Scope): Code {
  const { rounds, inner } = compileClauses(node.clauses, scope, node)
  const make = delay(node.body, inner, 'element')
  const place = scope.unit.keepPlaces ? scope.place(node) : undefined
  return (env) => {
    const elements: Slot[] = []
    rounds(env, (round) => elements.push(make(round)))
    return new JsonnetArray(elements, place)
  }
}

export function compileObjectComprehension(node: ObjectComprehension, scope: Scope): Code {
  const { rounds, inner } = compileClauses(node.clauses, scope, node)
  const name = inner.compile(node.field.name)
  const layer = enterObject(inner)
  const plan = compileLayer(node, layer, scope)
  const member = compileField(node.field, layer)
  const place = scope.place(node)
  return (env) => {
    const members = new Map<string, Member>()
    const memberEnvs = new Map<string, Env>()
    rounds(env, (round) => {
      const key = fieldName(name(round), place)
      if (key === undefined) return
      if (members.has(key)) fail(`Duplicate field name: ${escapeJson(key)}`, place)
      members.set(key, { ...member, name: key })
      memberEnvs.set(key, round)
    })
    const shape = shapeOfMembers(members.values(), false, false)
    return LayeredObject.of({ plan, env, shape, memberEnvs })
  }
}

/** Compiles clauses from left to right; `inner` is the scope in which all their variables are seen. */
function compileClauses(
  clauses: readonly Clause[],
  scope: Scope,
  node: { start: number; end: number },
): { rounds: Rounds; inner: Scope } {
  let inner = scope
  const steps: ((next: Rounds) => Rounds)[] = []
  const place = scope.place(node)
  for (const clause of clauses) {
    if (clause.kind === 'if') {
      const condition = inner.compile(clause.condition)
      steps.push((next) => (env, visit) => {
        if (toBoolean(condition(env), place)) next(env, visit)
      })
      continue
    }
    const over = inner.compile(clause.over)
    const round = inner.enter(inner.context)
    const slot = round.declare(clause.name)
    const { layout } = round
    inner = round
    steps.push((next) => (env, visit) => {
      const array = over(env)
      if (!(array instanceof JsonnetArray)) return notIterable(array, place)
      for (const element of array.elements) {
        tick()
        const own: Env = new Array(layout.size)
        own[0] = env
        own[slot] = element
        next(own, visit)
      }
    })
  }
  const last: Rounds = (env, visit) => visit(env)
  return { rounds: steps.reduceRight((next, step) => step(next), last), inner }
}

function notIterable(value: ReturnType<Code>, place: ReturnType<Scope['place']>): never {
  if (typeof value === 'string' && value !== '') return unexpected(new JsonnetArray([]), 'string', place)
  if (typeof value === 'string') return unexpected(value, 'array', place)
  return fail(`std.flatMap second param must be array / string, got ${typeOf(value)}`, place)
}

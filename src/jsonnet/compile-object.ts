import { compileCheck } from './compile-check.ts'
import { delay } from './delay.ts'
import { escapeJson } from './escape-json.ts'
import { fail } from './machine.ts'
import { LayeredObject, type LayerPlan } from './object.ts'
import { add } from './operators.ts'
import type { Scope } from './scope.ts'
import { type Shape, shapeOfMembers } from './shape.ts'
import type { Place } from './source.ts'
import { type Bind, type Field, isStaticObject, type ObjectNode } from './syntax.ts'
import { typeOf } from './type-of.ts'
import type { Code, Env, JsonnetObject, Member, Value } from './values.ts'

export function compileObject(node: ObjectNode, scope: Scope): (env: Env) => JsonnetObject {
  const inner = enterObject(scope)
  const plan = compileLayer(node, inner, scope)
  const asserts = node.asserts.map((assert) => compileCheck(assert, 'Object assertion failed.', inner))
  Object.assign(plan, { asserts })
  const members = node.fields.map((field) => compileField(field, inner))
  const hasAsserts = asserts.length > 0
  if (isStaticObject(node)) {
    const shape = shapeOfMembers(members, hasAsserts, true)
    return (env) => LayeredObject.of({ plan, env, shape, memberEnvs: undefined })
  }
  const names = node.fields.map((field) => scope.compile(field.name))
  const place = scope.place(node)
  return (env) => {
    const shape = dynamicShape(names, members, hasAsserts, env, place)
    return LayeredObject.of({ plan, env, shape, memberEnvs: undefined })
  }
}

/** The environment of a layer has `self` in entry 1 and the number of the layer in entry 2. */
export function enterObject(scope: Scope): Scope {
  const inner = scope.enter(scope.context, true)
  const self = inner.declare('self')
  inner.declare('super')
  if (!scope.isInObject) inner.alias('$', self)
  return inner
}

export function compileLayer(
  node: { locals: readonly Bind[]; start: number; end: number },
  inner: Scope,
  scope: Scope,
): LayerPlan {
  const slots = node.locals.map((local) => inner.declare(local.name))
  const locals = node.locals.map((local, at) => ({
    slot: slots[at] ?? 0,
    make: delay(local.value, inner.block(`local <${local.name}>`), 'binding'),
  }))
  return { layout: inner.layout, locals, asserts: [], place: scope.place(node) }
}

/** A field without its name when that is computed. */
export function compileField(field: Field, inner: Scope): Member {
  const name = field.name.kind === 'literal' && typeof field.name.value === 'string' ? field.name.value : ''
  const scope = inner.block(name === '' ? 'field' : `field <${name}>`)
  const { value } = field
  const place = scope.place(field)
  return {
    name,
    visibility: field.visibility,
    plus: field.plus ? (left, own) => add(left, own, place) : undefined,
    constant: value.kind === 'literal' && value.value !== Number.POSITIVE_INFINITY ? value.value : undefined,
    code: scope.compile(value),
    place,
  }
}

function dynamicShape(
  names: readonly Code[],
  members: readonly Member[],
  hasAsserts: boolean,
  env: Env,
  place: Place,
): Shape {
  const named = new Map<string, Member>()
  members.forEach((member, at) => {
    const name = fieldName(names[at]?.(env) ?? null, place)
    if (name === undefined) return
    if (named.has(name)) fail(`Duplicate field name: ${escapeJson(name)}`, place)
    named.set(name, { ...member, name })
  })
  return shapeOfMembers(named.values(), hasAsserts, false)
}

/** The computed name of a field; null leaves the field out. */
export function fieldName(value: Value, place: Place): string | undefined {
  if (typeof value === 'string') return value
  if (value === null) return undefined
  return fail(`Field name must be string, got ${typeOf(value)}`, place)
}

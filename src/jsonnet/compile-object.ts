import { compile, compileCheck } from './compile.ts'
import { delay } from './delay.ts'
import { escapeJson } from './escape-json.ts'
import { fail } from './machine.ts'
import { JsonnetObject, type LayerPlan, type Member } from './object.ts'
import { typeOf } from './operators.ts'
import type { Scope } from './scope.ts'
import { type Shape, shapeOfMembers } from './shape.ts'
import type { Place } from './source.ts'
import type { Bind, Field, ObjectNode } from './syntax.ts'
import type { Code, Env, Value } from './values.ts'

/** All names are written out and differ, so making the object cannot fail. */
export function isStaticObject(node: ObjectNode): boolean {
  const names = new Set<unknown>()
  for (const { name } of node.fields) {
    if (name.kind !== 'literal' || typeof name.value !== 'string') return false
    names.add(name.value)
  }
  return names.size === node.fields.length
}

export function compileObject(node: ObjectNode, scope: Scope): (env: Env) => JsonnetObject {
  const inner = enterObject(scope)
  const plan = compileLayer(node, inner, scope)
  const asserts = node.asserts.map((assert) => compileCheck(assert, 'Object assertion failed.', inner))
  Object.assign(plan, { asserts })
  const members = node.fields.map((field) => compileField(field, inner))
  const hasAsserts = asserts.length > 0
  if (isStaticObject(node)) {
    const shape = shapeOfMembers(members, hasAsserts, true)
    return (env) => JsonnetObject.of({ plan, env, shape, memberEnvs: undefined })
  }
  const names = node.fields.map((field) => compile(field.name, scope))
  const place = scope.place(node)
  return (env) => {
    const shape = dynamicShape(names, members, hasAsserts, env, place)
    return JsonnetObject.of({ plan, env, shape, memberEnvs: undefined })
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
  return {
    name,
    visibility: field.visibility,
    plus: field.plus,
    constant: value.kind === 'literal' && value.value !== Number.POSITIVE_INFINITY ? value.value : undefined,
    code: compile(value, scope),
    place: scope.place(field),
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

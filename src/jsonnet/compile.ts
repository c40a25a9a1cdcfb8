import { compileApply } from './compile-apply.ts'
import { compileCheck, toBoolean } from './compile-check.ts'
import { compileArrayComprehension, compileObjectComprehension } from './compile-comprehension.ts'
import { compileFunction } from './compile-function.ts'
import { compileIndex, compileInSuper, compileSlice, compileSuperIndex } from './compile-index.ts'
import { compileObject } from './compile-object.ts'
import { compileVariable } from './compile-variable.ts'
import { delay } from './delay.ts'
import { StaticFailure } from './failure.ts'
import { fail } from './machine.ts'
import { strictOperators, textOf, unaryOperators } from './operators.ts'
import { program } from './program.ts'
import type { Position, Scope } from './scope.ts'
import { hasField, modulo } from './std/operators.ts'
import type { ArrayNode, Assert, Binary, Conditional, Local, Node, Unary } from './syntax.ts'
import { unexpected } from './type-of.ts'
import { type Code, JsonnetArray, type Value } from './values.ts'

/** Turns an expression into a closure over its environment. Names are resolved here, once. */
export function compile(node: Node, scope: Scope, position: Position = 'none'): Code {
  switch (node.kind) {
    case 'literal':
      return compileLiteral(node.value, scope, node)
    case 'variable':
      return compileVariable(node, scope)
    case 'self':
      return compileSelf('self', "Can't use self outside of an object", node, scope)
    case '$':
      return compileSelf('$', 'No top-level object found', node, scope)
    case 'apply':
      return compileApply(node, scope, position)
    case 'index':
      return compileIndex(node, scope)
    case 'slice':
      return compileSlice(node, scope)
    case 'superIndex':
      return compileSuperIndex(node, scope)
    case 'inSuper':
      return compileInSuper(node, scope)
    case 'unary':
      return compileUnary(node, scope, position)
    case 'binary':
      return compileBinary(node, scope, position)
    case 'conditional':
      return compileConditional(node, scope, position)
    case 'local':
      return compileLocal(node, scope, position)
    case 'function':
      return compileFunction(node, scope)
    case 'assert':
      return compileAssert(node, scope, position)
    case 'error':
      return compileError(node.message, scope, node)
    case 'import': {
      const place = scope.place(node)
      return () => program().importFile(node, place)
    }
    case 'array':
      return compileArray(node, scope)
    case 'arrayComprehension':
      return compileArrayComprehension(node, scope)
    case 'object':
      return compileObject(node, scope)
    case 'objectComprehension':
      return compileObjectComprehension(node, scope)
  }
}

function compileLiteral(value: Value, scope: Scope, node: Node): Code {
  if (value !== Number.POSITIVE_INFINITY) return () => value
  const place = scope.place(node)
  return () => fail('overflow', place)
}

function compileSelf(name: 'self' | '$', missing: string, node: Node, scope: Scope): Code {
  const found = scope.find(name)
  if (found === undefined) throw new StaticFailure(missing, scope.place(node))
  return compileVariable({ kind: 'variable', name, start: node.start, end: node.end }, scope)
}

function compileUnary(node: Unary, scope: Scope, position: Position): Code {
  const operand = compile(node.operand, scope, position === 'none' ? 'none' : 'last')
  const apply = unaryOperators[node.operator]
  const place = scope.place(node)
  return (env) => apply(operand(env), place)
}

function compileBinary(node: Binary, scope: Scope, position: Position): Code {
  const { operator } = node
  const left = compile(node.left, scope)
  const right = compile(node.right, scope, position === 'none' ? 'none' : 'last')
  const place = scope.place(node)
  switch (operator) {
    case '&&':
      return (env) => toBoolean(left(env), place) && toBoolean(right(env), place)
    case '||':
      return (env) => toBoolean(left(env), place) || toBoolean(right(env), place)
    case '%':
      return (env) => modulo(left(env), right(env), place)
    case 'in':
      return (env) => hasField(left(env), right(env), place)
    case '+': {
      const add = strictOperators['+']
      return (env) => {
        const x = left(env)
        const y = right(env)
        return typeof x === 'string' && typeof y === 'string' && x.length + y.length < 1024 ? x + y : add(x, y, place)
      }
    }
    default: {
      const apply = strictOperators[operator]
      return (env) => apply(left(env), right(env), place)
    }
  }
}

function compileConditional(node: Conditional, scope: Scope, position: Position): Code {
  const condition = compile(node.condition, scope)
  const then = compile(node.then, scope, position)
  const otherwise = node.otherwise === undefined ? () => null : compile(node.otherwise, scope, position)
  const place = scope.place(node)
  return (env) => {
    const value = condition(env)
    if (value === true) return then(env)
    if (value === false) return otherwise(env)
    return unexpected(value, 'boolean', place)
  }
}

/** Locals see each other and themselves, so all names are declared before any value is compiled. */
function compileLocal(node: Local, scope: Scope, position: Position): Code {
  const inner = scope.block()
  const slots = node.binds.map((bind) => inner.declare(bind.name))
  const makers = node.binds.map((bind) => delay(bind.value, inner.block(`local <${bind.name}>`), 'binding'))
  const body = compile(node.body, inner, position)
  const [slot, make] = [slots[0] ?? 0, makers[0]]
  if (slots.length === 1 && make !== undefined) {
    return (env) => {
      env[slot] = make(env)
      return body(env)
    }
  }
  return (env) => {
    for (let at = 0; at < slots.length; at++) env[slots[at] ?? 0] = makers[at]?.(env)
    return body(env)
  }
}

function compileAssert(node: Assert, scope: Scope, position: Position): Code {
  const check = compileCheck(node, 'Assertion failed', scope)
  const rest = compile(node.rest, scope, position)
  return (env) => {
    check(env)
    return rest(env)
  }
}

function compileError(message: Node, scope: Scope, node: Node): Code {
  const text = compile(message, scope)
  const place = scope.place(node)
  return (env) => fail(textOf(text(env), place), place)
}

function compileArray(node: ArrayNode, scope: Scope): Code {
  const makers = node.elements.map((element) => delay(element, scope, 'element'))
  const place = scope.unit.keepPlaces ? scope.place(node) : undefined
  const count = makers.length
  return (env) => {
    const elements = new Array(count)
    for (let at = 0; at < count; at++) elements[at] = makers[at]?.(env)
    return new JsonnetArray(elements, place)
  }
}

import { fail } from './machine.ts'
import { textOf } from './operators.ts'
import type { Scope } from './scope.ts'
import type { Place } from './source.ts'
import type { Node } from './syntax.ts'
import { unexpected } from './type-of.ts'
import type { Code, Value } from './values.ts'

/** Fails with the message when the condition is not met; both of `assert` expressions and of objects. */
export function compileCheck(
  node: { condition: Node; message: Node | undefined; start: number; end: number },
  otherwise: string,
  scope: Scope,
): Code {
  const condition = scope.compile(node.condition)
  const message = node.message === undefined ? () => otherwise : scope.compile(node.message)
  const place = scope.place(node)
  return (env) => toBoolean(condition(env), place) || fail(textOf(message(env), place), place)
}

export function toBoolean(value: Value, place: Place): boolean {
  return typeof value === 'boolean' ? value : unexpected(value, 'boolean', place)
}

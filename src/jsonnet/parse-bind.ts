import type { Cursor } from './cursor.ts'
import { parseParameters } from './parse-arguments.ts'
import type { Bind, FunctionNode, Node } from './syntax.ts'

/** `name = value` or `name(parameters) = value`; a name that `others` have is an error. */
export function parseBind(parser: Cursor, others: readonly Bind[]): Bind {
  const name = parser.expect('IDENTIFIER')
  if (others.some((other) => other.name === name.text)) parser.fail(`Duplicate local var: ${name.text}`, name)
  const parameters = parser.accept('(') ? parseParameters(parser, 'function parameter') : undefined
  parser.expectOperator('=')
  const body = parser.parseExpression()
  const value: Node =
    parameters === undefined
      ? body
      : { kind: 'function', name: name.text, parameters, body, start: name.start, end: body.end }
  if (value.kind === 'function') nameFunction(value, name.text)
  return { name: name.text, value, start: name.start, end: body.end }
}

/** Messages call an anonymous function by the variable or field that holds it. */
export function nameFunction(node: FunctionNode, name: string): void {
  node.name ??= name
}

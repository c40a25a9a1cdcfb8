import type { Cursor } from './cursor.ts'
import type { Node, Parameter } from './syntax.ts'
import { describeToken, type Token } from './token.ts'

interface Arguments {
  positional: Node[]
  named: { name: string; value: Node; token: Token }[]
  /** The closing parenthesis. */
  end: Token
}

/** What stands between parentheses, the opening one of which is taken already: positional first, then named. */
export function parseArguments(parser: Cursor, kind: string): Arguments {
  const positional: Node[] = []
  const named: Arguments['named'] = []
  let needsComma = false
  for (;;) {
    const token = parser.peek()
    if (parser.accept(')')) return { positional, named, end: token }
    if (needsComma) parser.fail(`Expected a comma before next ${kind}, got ${describeToken(token)}`, token)
    if (token.kind === 'IDENTIFIER' && parser.isOperator('=', 1)) {
      parser.pop()
      parser.pop()
      named.push({ name: token.text, value: parser.parseExpression(), token })
    } else {
      const value = parser.parseExpression()
      if (named.length > 0) parser.fail('Positional argument after a named argument is not allowed', token)
      positional.push(value)
    }
    needsComma = !parser.accept(',')
  }
}

/** Parameters look like arguments; what would be a positional argument must be a plain name. */
export function parseParameters(parser: Cursor, kind: string): Parameter[] {
  const { positional, named } = parseArguments(parser, kind)
  const parameters: Parameter[] = []
  const add = (parameter: Parameter): void => {
    if (parameters.some((other) => other.name === parameter.name)) {
      parser.fail(`Duplicate function parameter: ${parameter.name}`, parameter)
    }
    parameters.push(parameter)
  }
  for (const node of positional) {
    if (node.kind !== 'variable') parser.fail('Expected simple identifier but got a complex expression', node)
    add({ name: node.name, fallback: undefined, start: node.start, end: node.end })
  }
  for (const { name, value, token } of named) add({ name, fallback: value, start: token.start, end: token.end })
  return parameters
}

import type { Cursor } from './cursor.ts'
import type { Clause, Node } from './syntax.ts'
import { describeKind, describeToken, type Token, type TokenKind } from './token.ts'

/** An array or an array comprehension, the opening bracket of which is taken already. */
export function parseArray(parser: Cursor, open: Token): Node {
  const { start } = open
  const elements: Node[] = []
  let needsComma = false
  for (;;) {
    const token = parser.peek()
    if (parser.accept(']')) return { kind: 'array', elements, start, end: token.end }
    const [body] = elements
    if (elements.length === 1 && body !== undefined && parser.accept('for')) {
      const { clauses, end } = parseClauses(parser, token, ']')
      return { kind: 'arrayComprehension', body, clauses, start, end: end.end }
    }
    if (needsComma) parser.fail('Expected a comma before next array element', token)
    elements.push(parser.parseExpression())
    needsComma = !parser.accept(',')
  }
}

/** The clauses of a comprehension up to and with the closing token; `begin` is the first `for`, taken already. */
export function parseClauses(parser: Cursor, begin: Token, close: TokenKind): { clauses: Clause[]; end: Token } {
  const clauses: Clause[] = []
  let token = begin
  for (;;) {
    if (token.kind === 'for') {
      const name = parser.expect('IDENTIFIER')
      parser.expect('in')
      const over = parser.parseExpression()
      clauses.push({ kind: 'for', name: name.text, over, start: token.start, end: over.end })
    } else {
      const condition = parser.parseExpression()
      clauses.push({ kind: 'if', condition, start: token.start, end: condition.end })
    }
    token = parser.pop()
    if (token.kind === close) return { clauses, end: token }
    if (token.kind !== 'for' && token.kind !== 'if') {
      parser.fail(`Expected for, if or ${describeKind(close)} after for clause, got: ${describeToken(token)}`, token)
    }
  }
}

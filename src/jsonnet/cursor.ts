import { StaticFailure } from './failure.ts'
import { lex } from './lexer.ts'
import { resolveEscapes } from './resolve-escapes.ts'
import { Place, type Source } from './source.ts'
import type { Literal, Node } from './syntax.ts'
import { describeKind, describeToken, type Token, type TokenKind } from './token.ts'

/** The tokens of a source, taken one by one; what all parts of the parser share. */
export abstract class Cursor {
  readonly source: Source
  readonly #tokens: Token[]
  #at = 0

  constructor(source: Source) {
    this.source = source
    this.#tokens = lex(source)
  }

  /** An expression whose operators bind at least as tightly as `loosest`. */
  abstract parseExpression(loosest?: number): Node

  peek(ahead = 0): Token {
    const token = this.#tokens[Math.min(this.#at + ahead, this.#tokens.length - 1)]
    if (token === undefined) throw new Error('no tokens')
    return token
  }

  pop(): Token {
    const token = this.peek()
    this.#at++
    return token
  }

  /** Where the token that was taken last ends. */
  lastEnd(): number {
    return this.#tokens[this.#at - 1]?.end ?? 0
  }

  /** Takes the next token when it is of that kind. */
  accept(kind: TokenKind): boolean {
    if (this.peek().kind !== kind) return false
    this.#at++
    return true
  }

  expect(kind: TokenKind): Token {
    const token = this.pop()
    if (token.kind !== kind) {
      this.fail(`Expected token ${describeKind(kind)} but got ${describeToken(token)}`, token)
    }
    return token
  }

  expectOperator(operator: string): Token {
    const token = this.pop()
    if (token.kind !== 'OPERATOR' || token.text !== operator) {
      this.fail(`Expected operator ${operator} but got ${describeToken(token)}`, token)
    }
    return token
  }

  isOperator(operator: string, ahead = 0): boolean {
    const token = this.peek(ahead)
    return token.kind === 'OPERATOR' && token.text === operator
  }

  fail(message: string, at: { start: number; end: number }): never {
    throw new StaticFailure(message, new Place(this.source, at.start, at.end))
  }

  /** `: expression`, if there is a colon. */
  parseColonExpression(): Node | undefined {
    if (!this.isOperator(':')) return undefined
    this.pop()
    return this.parseExpression()
  }

  parseString(token: Token): Literal {
    const fail = (message: string): never => this.fail(message, token)
    const isEscaped = token.kind === 'STRING_DOUBLE' || token.kind === 'STRING_SINGLE'
    const value = isEscaped ? resolveEscapes(token.text, fail) : token.text
    return { kind: 'literal', value, start: token.start, end: token.end }
  }
}

import { StaticFailure } from './failure.ts'
import { lex } from './lexer.ts'
import { parseArguments, parseParameters } from './parse-arguments.ts'
import { parseArray } from './parse-array.ts'
import { parseObject } from './parse-object.ts'
import { resolveEscapes } from './resolve-escapes.ts'
import { Place, type Source } from './source.ts'
import {
  type BinaryOperator,
  type Bind,
  type FunctionNode,
  isBinaryOperator,
  type Literal,
  loosestPrecedence,
  type Node,
  precedences,
} from './syntax.ts'
import { describeKind, describeToken, isStringKind, type Token, type TokenKind } from './token.ts'

/** Reads a whole source as one expression. Throws a `StaticFailure` that names the first thing wrong with it. */
export function parse(source: Source): Node {
  const parser = new Parser(source)
  try {
    return parser.parseFile()
  } catch (error) {
    // The only RangeError that parsing can meet is the end of this thread's stack.
    return error instanceof RangeError ? parser.fail('The source nests too deep', parser.peek()) : rethrow(error)
  }
}

function rethrow(error: unknown): never {
  throw error
}

/** Recursive descent over the tokens; the wording of its errors is go-jsonnet's. */
export class Parser {
  readonly source: Source
  readonly #tokens: Token[]
  #at = 0

  constructor(source: Source) {
    this.source = source
    this.#tokens = lex(source)
  }

  parseFile(): Node {
    const node = this.parseExpression()
    const rest = this.peek()
    if (rest.kind !== 'end of file') this.fail(`Did not expect: ${describeToken(rest)}`, rest)
    return node
  }

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

  /** An expression whose operators bind at least as tightly as `loosest`. */
  parseExpression(loosest: number = loosestPrecedence): Node {
    const { start } = this.peek()
    let left = this.#parseUnary()
    for (;;) {
      const operator = this.#peekBinary()
      if (operator === undefined || precedences[operator] > loosest) return left
      this.#at++
      if (operator === 'in' && this.#isBareSuper()) {
        const { end } = this.pop()
        left = { kind: 'inSuper', index: left, start, end }
        continue
      }
      const right = this.parseExpression(precedences[operator] - 1)
      left = { kind: 'binary', operator, left, right, start, end: this.lastEnd() }
    }
  }

  #isBareSuper(): boolean {
    return this.peek().kind === 'super' && this.peek(1).kind !== '.' && this.peek(1).kind !== '['
  }

  #peekBinary(): BinaryOperator | undefined {
    const token = this.peek()
    if (token.kind === 'in') return 'in'
    if (token.kind !== 'OPERATOR' || token.text === ':' || token.text === '::') return undefined
    if (isBinaryOperator(token.text)) return token.text
    return this.fail(`Not a binary operator: ${token.text}`, token)
  }

  #parseUnary(): Node {
    const token = this.peek()
    if (token.kind === 'OPERATOR') {
      const operator = token.text
      if (operator !== '!' && operator !== '~' && operator !== '+' && operator !== '-') {
        this.fail(`Not a unary operator: ${operator}`, token)
      }
      this.#at++
      const operand = this.#parseUnary()
      return { kind: 'unary', operator, operand, start: token.start, end: this.lastEnd() }
    }
    return this.#parseKeyword(token) ?? this.#parsePostfix()
  }

  #parseKeyword(token: Token): Node | undefined {
    switch (token.kind) {
      case 'assert':
        return this.#parseAssert(this.pop())
      case 'error': {
        this.#at++
        const message = this.parseExpression()
        return { kind: 'error', message, start: token.start, end: this.lastEnd() }
      }
      case 'if':
        return this.#parseConditional(this.pop())
      case 'function':
        return this.#parseFunction(this.pop())
      case 'import':
      case 'importstr':
      case 'importbin':
        return this.#parseImport(this.pop())
      case 'local':
        return this.#parseLocal(this.pop())
      default:
        return undefined
    }
  }

  #parseAssert(begin: Token): Node {
    const condition = this.parseExpression()
    const message = this.parseColonExpression()
    this.expect(';')
    const rest = this.parseExpression()
    return { kind: 'assert', condition, message, rest, start: begin.start, end: this.lastEnd() }
  }

  parseColonExpression(): Node | undefined {
    if (!this.isOperator(':')) return undefined
    this.#at++
    return this.parseExpression()
  }

  #parseConditional(begin: Token): Node {
    const condition = this.parseExpression()
    this.expect('then')
    const then = this.parseExpression()
    const otherwise = this.accept('else') ? this.parseExpression() : undefined
    return { kind: 'conditional', condition, then, otherwise, start: begin.start, end: this.lastEnd() }
  }

  #parseFunction(begin: Token): Node {
    const open = this.pop()
    if (open.kind !== '(') this.fail(`Expected ( but got ${describeToken(open)}`, open)
    const parameters = parseParameters(this, 'function parameter')
    const body = this.parseExpression()
    return { kind: 'function', name: undefined, parameters, body, start: begin.start, end: this.lastEnd() }
  }

  #parseImport(begin: Token): Node {
    const token = this.peek()
    const path = this.parseExpression()
    if (path.kind !== 'literal' || typeof path.value !== 'string') {
      return this.fail('Computed imports are not allowed', path)
    }
    if (token.kind === 'STRING_BLOCK') this.fail('Block string literals not allowed in imports', path)
    const as = begin.kind === 'import' ? 'code' : begin.kind === 'importstr' ? 'text' : 'bytes'
    return { kind: 'import', as, path: path.value, start: begin.start, end: path.end }
  }

  #parseLocal(begin: Token): Node {
    const binds: Bind[] = []
    for (;;) {
      binds.push(this.parseBind(binds))
      const delimiter = this.pop()
      if (delimiter.kind === ';') break
      if (delimiter.kind !== ',') this.fail(`Expected , or ; but got ${describeToken(delimiter)}`, delimiter)
    }
    const body = this.parseExpression()
    return { kind: 'local', binds, body, start: begin.start, end: this.lastEnd() }
  }

  /** `name = value` or `name(parameters) = value`; a name that `others` have is an error. */
  parseBind(others: readonly Bind[]): Bind {
    const name = this.expect('IDENTIFIER')
    if (others.some((other) => other.name === name.text)) this.fail(`Duplicate local var: ${name.text}`, name)
    const parameters = this.accept('(') ? parseParameters(this, 'function parameter') : undefined
    this.expectOperator('=')
    const body = this.parseExpression()
    const value: Node =
      parameters === undefined
        ? body
        : { kind: 'function', name: name.text, parameters, body, start: name.start, end: body.end }
    if (value.kind === 'function') nameFunction(value, name.text)
    return { name: name.text, value, start: name.start, end: body.end }
  }

  #parsePostfix(): Node {
    const { start } = this.peek()
    let node = this.#parseTerminal()
    for (;;) {
      const token = this.peek()
      if (token.kind === '.') {
        this.#at++
        node = fieldAccess(node, this.expect('IDENTIFIER'), start)
      } else if (token.kind === '[') node = this.#parseIndex(node, start)
      else if (token.kind === '(') node = this.#parseApply(node, start)
      else if (token.kind === '{') {
        const right = parseObject(this, this.pop())
        node = { kind: 'binary', operator: '+', left: node, right, start, end: right.end }
      } else return node
    }
  }

  #parseApply(target: Node, start: number): Node {
    this.expect('(')
    const { positional, named, end } = parseArguments(this, 'function argument')
    const tailstrict = this.peek().kind === 'tailstrict'
    const last = tailstrict ? this.pop() : end
    return { kind: 'apply', target, positional, named, tailstrict, start, end: last.end }
  }

  /** `[index]` or `[from:to:step]`, each part of which may be missing. */
  #parseIndex(target: Node, start: number): Node {
    this.expect('[')
    const parts: (Node | undefined)[] = [undefined, undefined, undefined]
    let colons = 0
    let ready = true
    for (;;) {
      const token = this.peek()
      const isColon = token.kind === 'OPERATOR' && (token.text === ':' || token.text === '::')
      if (token.kind === ']' || isColon) this.#at++
      if (token.kind === ']') return this.#indexOrSlice(target, parts, colons, { start, end: token.end }, token)
      if (isColon) {
        colons += token.text.length
        ready = true
        if (colons > 2) this.fail('Invalid slice: too many colons', token)
      } else if (ready) {
        parts[colons] = this.parseExpression()
        ready = false
      } else this.expect(']')
    }
  }

  #indexOrSlice(
    target: Node,
    parts: (Node | undefined)[],
    colons: number,
    at: { start: number; end: number },
    close: Token,
  ): Node {
    const [first, to, step] = parts
    if (colons > 0) return { kind: 'slice', target, from: first, to, step, ...at }
    if (first === undefined) this.fail('ast.Index requires an expression', close)
    return { kind: 'index', target, index: first, ...at }
  }

  #parseTerminal(): Node {
    const token = this.pop()
    const { start, end } = token
    if (isStringKind(token.kind)) return this.parseString(token)
    switch (token.kind) {
      case '{':
        return parseObject(this, token)
      case '[':
        return parseArray(this, token)
      case '(': {
        const inner = this.parseExpression()
        this.expect(')')
        return inner
      }
      case 'NUMBER':
        return { kind: 'literal', value: Number(token.text), start, end }
      case 'false':
      case 'true':
        return { kind: 'literal', value: token.kind === 'true', start, end }
      case 'null':
        return { kind: 'literal', value: null, start, end }
      case '$':
      case 'self':
        return { kind: token.kind, start, end }
      case 'IDENTIFIER':
        return { kind: 'variable', name: token.text, start, end }
      case 'super':
        return this.#parseSuper(token)
      case 'end of file':
        return this.fail('Unexpected end of file', token)
      default:
        return this.fail(`Unexpected: ${describeToken(token)} while parsing terminal`, token)
    }
  }

  /** `super.name` or `super[index]`. The bare word stands right of `in` only, where `parseExpression` takes it. */
  #parseSuper(token: Token): Node {
    const next = this.pop()
    if (next.kind === '.') {
      const name = this.expect('IDENTIFIER')
      const index: Literal = { kind: 'literal', value: name.text, start: name.start, end: name.end }
      return { kind: 'superIndex', index, start: token.start, end: name.end }
    }
    if (next.kind !== '[') this.fail('Expected . or [ after super', token)
    const index = this.parseExpression()
    const close = this.expect(']')
    return { kind: 'superIndex', index, start: token.start, end: close.end }
  }

  parseString(token: Token): Literal {
    const fail = (message: string): never => this.fail(message, token)
    const isEscaped = token.kind === 'STRING_DOUBLE' || token.kind === 'STRING_SINGLE'
    const value = isEscaped ? resolveEscapes(token.text, fail) : token.text
    return { kind: 'literal', value, start: token.start, end: token.end }
  }
}

function fieldAccess(target: Node, name: Token, start: number): Node {
  const index: Literal = { kind: 'literal', value: name.text, start: name.start, end: name.end }
  return { kind: 'index', target, index, start, end: name.end }
}

/** Messages call an anonymous function by the variable or field that holds it. */
export function nameFunction(node: FunctionNode, name: string): void {
  node.name ??= name
}

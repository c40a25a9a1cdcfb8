import { Cursor } from './cursor.ts'
import { parseArguments, parseParameters } from './parse-arguments.ts'
import { parseArray } from './parse-array.ts'
import { parseBind } from './parse-bind.ts'
import { parseObject } from './parse-object.ts'
import type { Source } from './source.ts'
import {
  type BinaryOperator,
  type Bind,
  isBinaryOperator,
  type Literal,
  loosestPrecedence,
  type Node,
  precedences,
} from './syntax.ts'
import { describeToken, isStringKind, type Token } from './token.ts'

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
class Parser extends Cursor {
  parseFile(): Node {
    const node = this.parseExpression()
    const rest = this.peek()
    if (rest.kind !== 'end of file') this.fail(`Did not expect: ${describeToken(rest)}`, rest)
    return node
  }

  override parseExpression(loosest: number = loosestPrecedence): Node {
    const { start } = this.peek()
    let left = this.#parseUnary()
    for (;;) {
      const operator = this.#peekBinary()
      if (operator === undefined || precedences[operator] > loosest) return left
      this.pop()
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
      this.pop()
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
        this.pop()
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
      binds.push(parseBind(this, binds))
      const delimiter = this.pop()
      if (delimiter.kind === ';') break
      if (delimiter.kind !== ',') this.fail(`Expected , or ; but got ${describeToken(delimiter)}`, delimiter)
    }
    const body = this.parseExpression()
    return { kind: 'local', binds, body, start: begin.start, end: this.lastEnd() }
  }

  #parsePostfix(): Node {
    const { start } = this.peek()
    let node = this.#parseTerminal()
    for (;;) {
      const token = this.peek()
      if (token.kind === '.') {
        this.pop()
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
      if (token.kind === ']' || isColon) this.pop()
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
}

function fieldAccess(target: Node, name: Token, start: number): Node {
  const index: Literal = { kind: 'literal', value: name.text, start: name.start, end: name.end }
  return { kind: 'index', target, index, start, end: name.end }
}

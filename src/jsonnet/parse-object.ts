import type { Cursor } from './cursor.ts'
import { parseParameters } from './parse-arguments.ts'
import { parseClauses } from './parse-array.ts'
import { nameFunction, parseBind } from './parse-bind.ts'
import type { Bind, Field, Node, ObjectAssert, ObjectComprehension, ObjectNode, Visibility } from './syntax.ts'
import { describeToken, isStringKind, type Token } from './token.ts'

interface Members {
  fields: Field[]
  locals: Bind[]
  asserts: ObjectAssert[]
  /** Names that are written out, to find duplicates before evaluation. */
  names: Set<string>
}

/** An object or an object comprehension, the opening brace of which is taken already. */
export function parseObject(parser: Cursor, open: Token): ObjectNode | ObjectComprehension {
  const members: Members = { fields: [], locals: [], asserts: [], names: new Set() }
  const { start } = open
  let needsComma = false
  for (;;) {
    const token = parser.pop()
    if (token.kind === '}') {
      const { fields, locals, asserts } = members
      return { kind: 'object', fields, locals, asserts, start, end: token.end }
    }
    if (token.kind === 'for') return parseComprehension(parser, members, token, start)
    if (needsComma) parser.fail('Expected a comma before next field', token)
    parseMember(parser, members, token)
    needsComma = !parser.accept(',')
  }
}

function parseMember(parser: Cursor, members: Members, token: Token): void {
  if (token.kind === 'local') members.locals.push(parseBind(parser, members.locals))
  else if (token.kind === 'assert') {
    const condition = parser.parseExpression()
    const message = parser.parseColonExpression()
    members.asserts.push({ condition, message, start: token.start, end: (message ?? condition).end })
  } else if (token.kind === '[' || token.kind === 'IDENTIFIER' || isStringKind(token.kind)) {
    members.fields.push(parseField(parser, members, token))
  } else parser.fail(`Unexpected: ${describeToken(token)} while parsing field definition`, token)
}

function parseField(parser: Cursor, members: Members, token: Token): Field {
  const name = parseFieldName(parser, token)
  const parameters = parser.accept('(') ? parseParameters(parser, 'method parameter') : undefined
  const { plus, visibility } = parseFieldOperator(parser)
  if (plus && parameters !== undefined) {
    parser.fail(`Cannot use +: syntax sugar in a method: ${token.text}`, token)
  }
  if (token.kind !== '[' && name.kind === 'literal') {
    const text = String(name.value)
    if (members.names.has(text)) parser.fail(`Duplicate field: ${text}`, token)
    members.names.add(text)
  }
  const body = parser.parseExpression()
  const label = name.kind === 'literal' ? String(name.value) : undefined
  const value: Node =
    parameters === undefined
      ? body
      : { kind: 'function', name: label, parameters, body, start: token.start, end: body.end }
  if (value.kind === 'function' && label !== undefined) nameFunction(value, label)
  return { name, visibility, plus, value, start: token.start, end: body.end }
}

function parseFieldName(parser: Cursor, token: Token): Node {
  const { start, end } = token
  if (token.kind === 'IDENTIFIER') return { kind: 'literal', value: token.text, start, end }
  if (token.kind !== '[') return parser.parseString(token)
  const name = parser.parseExpression()
  parser.expect(']')
  return name
}

/** One of `:` `::` `:::`, with or without a plus before it. */
function parseFieldOperator(parser: Cursor): { plus: boolean; visibility: Visibility } {
  const token = parser.expect('OPERATOR')
  const plus = token.text.startsWith('+')
  const colons = plus ? token.text.slice(1) : token.text
  if (colons === ':') return { plus, visibility: 'inherit' }
  if (colons === '::') return { plus, visibility: 'hidden' }
  if (colons === ':::') return { plus, visibility: 'visible' }
  return parser.fail(`Expected one of :, ::, :::, +:, +::, +:::, got: ${token.text}`, token)
}

function parseComprehension(parser: Cursor, members: Members, token: Token, start: number): ObjectComprehension {
  const { fields, locals, asserts, names } = members
  const [field] = fields
  if (asserts.length > 0) parser.fail('Object comprehension cannot have asserts', token)
  if (field === undefined || fields.length !== 1) {
    return parser.fail('Object comprehension can only have one field', token)
  }
  if (field.visibility !== 'inherit') parser.fail('Object comprehensions cannot have hidden fields', token)
  if (names.size > 0) parser.fail('Object comprehensions can only have [e] fields', token)
  const { clauses, end } = parseClauses(parser, token, '}')
  return { kind: 'objectComprehension', field, locals, clauses, start, end: end.end }
}

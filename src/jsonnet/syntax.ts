/** The tree that the parser makes. `start` and `end` are offsets into the source, `end` exclusive. */

interface At {
  start: number
  end: number
}

export interface Literal extends At {
  kind: 'literal'
  value: null | boolean | number | string
}
export interface Variable extends At {
  kind: 'variable'
  name: string
}
export interface Self extends At {
  kind: 'self' | '$'
}
export interface SuperIndex extends At {
  kind: 'superIndex'
  index: Node
}
export interface InSuper extends At {
  kind: 'inSuper'
  index: Node
}
export interface Index extends At {
  kind: 'index'
  target: Node
  index: Node
}
export interface Slice extends At {
  kind: 'slice'
  target: Node
  from: Node | undefined
  to: Node | undefined
  step: Node | undefined
}
export interface Apply extends At {
  kind: 'apply'
  target: Node
  positional: Node[]
  named: { name: string; value: Node }[]
  tailstrict: boolean
}
export interface Unary extends At {
  kind: 'unary'
  operator: UnaryOperator
  operand: Node
}
export interface Binary extends At {
  kind: 'binary'
  operator: BinaryOperator
  left: Node
  right: Node
}
export interface Conditional extends At {
  kind: 'conditional'
  condition: Node
  then: Node
  otherwise: Node | undefined
}
export interface Local extends At {
  kind: 'local'
  binds: Bind[]
  body: Node
}
export interface FunctionNode extends At {
  kind: 'function'
  name: string | undefined
  parameters: Parameter[]
  body: Node
}
export interface Assert extends At {
  kind: 'assert'
  condition: Node
  message: Node | undefined
  rest: Node
}
export interface ErrorNode extends At {
  kind: 'error'
  message: Node
}
export interface Import extends At {
  kind: 'import'
  as: 'code' | 'text' | 'bytes'
  path: string
}
export interface ArrayNode extends At {
  kind: 'array'
  elements: Node[]
}
export interface ArrayComprehension extends At {
  kind: 'arrayComprehension'
  body: Node
  clauses: Clause[]
}
export interface ObjectNode extends At {
  kind: 'object'
  fields: Field[]
  locals: Bind[]
  asserts: ObjectAssert[]
}
export interface ObjectComprehension extends At {
  kind: 'objectComprehension'
  field: Field
  locals: Bind[]
  clauses: Clause[]
}

/** `for name in over`, or an `if`. */
export type Clause = ({ kind: 'for'; name: string; over: Node } | { kind: 'if'; condition: Node }) & At

export interface Bind extends At {
  name: string
  value: Node
}

export interface Parameter extends At {
  name: string
  fallback: Node | undefined
}

export type Visibility = 'inherit' | 'hidden' | 'visible'

export interface Field extends At {
  /** A literal when the name is known before evaluation. */
  name: Node
  visibility: Visibility
  /** `+:` adds to what the parent has. */
  plus: boolean
  value: Node
}

export interface ObjectAssert extends At {
  condition: Node
  message: Node | undefined
}

export type Node =
  | Literal
  | Variable
  | Self
  | SuperIndex
  | InSuper
  | Index
  | Slice
  | Apply
  | Unary
  | Binary
  | Conditional
  | Local
  | FunctionNode
  | Assert
  | ErrorNode
  | Import
  | ArrayNode
  | ArrayComprehension
  | ObjectNode
  | ObjectComprehension

export type UnaryOperator = '!' | '~' | '+' | '-'

/** Binary operators with their precedence; the smaller binds the tighter. */
export const precedences = {
  '*': 5,
  '/': 5,
  '%': 5,
  '+': 6,
  '-': 6,
  '<<': 7,
  '>>': 7,
  '>': 8,
  '>=': 8,
  '<': 8,
  '<=': 8,
  in: 8,
  '==': 9,
  '!=': 9,
  '&': 10,
  '^': 11,
  '|': 12,
  '&&': 13,
  '||': 14,
} as const

export type BinaryOperator = keyof typeof precedences
export const loosestPrecedence = 16

export function isBinaryOperator(text: string): text is BinaryOperator {
  return Object.hasOwn(precedences, text)
}

/** All names are written out and differ, so making the object cannot fail. */
export function isStaticObject(node: ObjectNode): boolean {
  const names = new Set<unknown>()
  for (const { name } of node.fields) {
    if (name.kind !== 'literal' || typeof name.value !== 'string') return false
    names.add(name.value)
  }
  return names.size === node.fields.length
}

import type { Bind, Clause, Field, Node, ObjectAssert, Parameter } from '../../src/jsonnet/syntax.ts'

/** A tree as a program again, with parentheses around everything. */
export function printNode(node: Node): string {
  return `(${print(node)})`
}

function print(node: Node): string {
  switch (node.kind) {
    case 'literal':
      return typeof node.value === 'string' ? JSON.stringify(node.value) : String(node.value)
    case 'variable':
      return node.name
    case 'self':
    case '$':
      return node.kind
    case 'superIndex':
      return `super[${printNode(node.index)}]`
    case 'inSuper':
      return `${printNode(node.index)} in super`
    case 'index':
      return `${printNode(node.target)}[${printNode(node.index)}]`
    case 'slice':
      return `${printNode(node.target)}[${optional(node.from)}:${optional(node.to)}:${optional(node.step)}]`
    case 'apply': {
      const named = node.named.map(({ name, value }) => `${name}=${printNode(value)}`)
      const args = [...node.positional.map(printNode), ...named].join(', ')
      return `${printNode(node.target)}(${args})${node.tailstrict ? ' tailstrict' : ''}`
    }
    case 'unary':
      return `${node.operator} ${printNode(node.operand)}`
    case 'binary':
      return `${printNode(node.left)} ${node.operator} ${printNode(node.right)}`
    case 'conditional': {
      const otherwise = node.otherwise === undefined ? '' : ` else ${printNode(node.otherwise)}`
      return `if ${printNode(node.condition)} then ${printNode(node.then)}${otherwise}`
    }
    case 'local':
      return `local ${node.binds.map(printBind).join(', ')}; ${printNode(node.body)}`
    case 'function':
      return `function${printParameters(node.parameters)} ${printNode(node.body)}`
    case 'assert':
      return `assert ${printCheck(node)}; ${printNode(node.rest)}`
    case 'error':
      return `error ${printNode(node.message)}`
    case 'import':
      return `${{ code: 'import', text: 'importstr', bytes: 'importbin' }[node.as]} ${JSON.stringify(node.path)}`
    case 'array':
      return `[${node.elements.map(printNode).join(', ')}]`
    case 'arrayComprehension':
      return `[${printNode(node.body)}${node.clauses.map(printClause).join('')}]`
    case 'object': {
      const members = [
        ...node.fields.map(printField),
        ...node.locals.map((bind) => `local ${printBind(bind)}`),
        ...node.asserts.map((assert) => `assert ${printCheck(assert)}`),
      ]
      return `{${members.join(', ')}}`
    }
    case 'objectComprehension': {
      const locals = node.locals.map((bind) => `, local ${printBind(bind)}`).join('')
      return `{${printField(node.field)}${locals}${node.clauses.map(printClause).join('')}}`
    }
  }
}

function optional(node: Node | undefined): string {
  return node === undefined ? '' : printNode(node)
}

/** Functions keep the name that they are called by, so they are printed in the form that names them. */
function printBind({ name, value }: Bind): string {
  if (value.kind !== 'function') return `${name} = ${bare(value)}`
  return `${name}${printParameters(value.parameters)} = ${bare(value.body)}`
}

function printField({ name, visibility, plus, value }: Field): string {
  const key =
    name.kind === 'literal' && typeof name.value === 'string' ? JSON.stringify(name.value) : `[${printNode(name)}]`
  const colons = { inherit: ':', hidden: '::', visible: ':::' }[visibility]
  return `${key}${plus ? '+' : ''}${colons} ${bare(value)}`
}

/** Without parentheses around functions, which would hide from the parser that the name is theirs. */
function bare(node: Node): string {
  return node.kind === 'function' ? print(node) : printNode(node)
}

function printParameters(parameters: readonly Parameter[]): string {
  const texts = parameters.map(({ name, fallback }) =>
    fallback === undefined ? name : `${name}=${printNode(fallback)}`,
  )
  return `(${texts.join(', ')})`
}

function printCheck({ condition, message }: Pick<ObjectAssert, 'condition' | 'message'>): string {
  return `${printNode(condition)}${message === undefined ? '' : ` : ${printNode(message)}`}`
}

function printClause(clause: Clause): string {
  if (clause.kind === 'if') return ` if ${printNode(clause.condition)}`
  return ` for ${clause.name} in ${printNode(clause.over)}`
}

import { templateError, unsupported } from './template-error.ts'
import { type Section, sectionsOf, type Token } from './template-lexer.ts'

export type Value = string | number | boolean

export type Expression =
  | { kind: 'literal'; value: Value; at: number }
  | { kind: 'variable'; name: string; at: number }
  /** A pipe is a call whose last argument comes from the left. */
  | { kind: 'call'; name: string; args: Expression[]; at: number }

export type TemplateNode =
  | { kind: 'text'; text: string }
  | { kind: 'print'; value: Expression }
  | { kind: 'set'; name: string; declares: boolean; value: Expression }
  | { kind: 'if'; branches: { condition: Expression; body: TemplateNode[] }[]; otherwise: TemplateNode[] }

/** Functions by name, with the number of arguments that they take. */
const functions: Record<string, { min: number; max: number }> = {
  ...{ md5sum: { min: 1, max: 1 }, sha256sum: { min: 1, max: 1 }, env: { min: 1, max: 1 } },
  ...{ os: none(), arch: none(), unixtime: none(), year: none(), month: none(), day: none() },
  ...{ eq: { min: 2, max: 99 }, ne: two(), lt: two(), le: two(), gt: two(), ge: two(), printf: { min: 1, max: 99 } },
}

function none(): { min: number; max: number } {
  return { min: 0, max: 0 }
}

function two(): { min: number; max: number } {
  return { min: 2, max: 2 }
}

/** Parses the part of Go's template language that key templates have (spec/local-runs.md 14.5). `templateInvalid` with the place. */
export function parseTemplate(template: string): TemplateNode[] {
  return new TemplateParser(template).parse()
}

type Ending = { word: 'else' | 'end'; section: Section & { kind: 'action' } }

class TemplateParser {
  readonly #template: string
  readonly #sections: Section[]
  #index = 0

  constructor(template: string) {
    this.#template = template
    this.#sections = sectionsOf(template)
  }

  parse(): TemplateNode[] {
    const { nodes, ending } = this.#list(new Set())
    if (ending !== undefined) throw this.#error(ending.section.at, `"${ending.word}" without "if"`)
    return nodes
  }

  /** Nodes up to the next `else`, `end` or the end of the template. */
  #list(outer: ReadonlySet<string>): { nodes: TemplateNode[]; ending?: Ending } {
    const variables = new Set(outer)
    const nodes: TemplateNode[] = []
    for (;;) {
      const section = this.#sections[this.#index++]
      if (section === undefined) return { nodes }
      if (section.kind === 'text') {
        nodes.push(section)
        continue
      }
      const [first, ...rest] = section.tokens
      if (first?.kind === 'name' && (first.value === 'else' || first.value === 'end'))
        return { nodes, ending: { word: first.value, section } }
      nodes.push(
        first?.kind === 'name' && first.value === 'if'
          ? this.#if(section.at, rest, variables)
          : this.#action(section, variables),
      )
    }
  }

  #if(at: number, condition: Token[], variables: ReadonlySet<string>): TemplateNode {
    const scope = new Set(variables)
    const branches = [{ condition: this.#pipeline(condition, at, scope), body: [] as TemplateNode[] }]
    for (;;) {
      const { nodes, ending } = this.#list(scope)
      if (ending === undefined) throw this.#error(at, 'this "if" has no "end"')
      const last = branches.at(-1)
      if (last !== undefined) last.body = nodes
      const [, next, ...rest] = ending.section.tokens
      if (ending.word === 'end') {
        if (next !== undefined) throw this.#error(next.at, 'nothing may follow "end"')
        return { kind: 'if', branches, otherwise: [] }
      }
      if (next === undefined) return { kind: 'if', branches, otherwise: this.#otherwise(at, scope) }
      if (next.kind !== 'name' || next.value !== 'if') throw this.#error(next.at, 'only "if" may follow "else"')
      branches.push({ condition: this.#pipeline(rest, next.at, scope), body: [] })
    }
  }

  #otherwise(at: number, scope: ReadonlySet<string>): TemplateNode[] {
    const { nodes, ending } = this.#list(scope)
    if (ending === undefined) throw this.#error(at, 'this "if" has no "end"')
    if (ending.word === 'else') throw this.#error(ending.section.at, '"else" after "else"')
    return nodes
  }

  #action(section: Section & { kind: 'action' }, variables: Set<string>): TemplateNode {
    const [first, second, ...rest] = section.tokens
    if (first?.kind !== 'variable' || second?.kind !== 'mark' || (second.value !== ':=' && second.value !== '='))
      return { kind: 'print', value: this.#pipeline(section.tokens, section.at, variables) }
    const declares = second.value === ':='
    if (!declares && !variables.has(first.value)) throw this.#error(first.at, `the variable ${first.value} is unknown`)
    const value = this.#pipeline(rest, second.at, variables)
    variables.add(first.value)
    return { kind: 'set', name: first.value, declares, value }
  }

  #pipeline(tokens: Token[], at: number, variables: ReadonlySet<string>): Expression {
    const reader = new PipelineParser(this.#template, tokens, at, variables)
    return reader.whole()
  }

  #error(at: number, problem: string): Error {
    return templateError(this.#template, at, problem)
  }
}

class PipelineParser {
  readonly #template: string
  readonly #tokens: Token[]
  readonly #at: number
  readonly #variables: ReadonlySet<string>
  #index = 0

  constructor(template: string, tokens: Token[], at: number, variables: ReadonlySet<string>) {
    this.#template = template
    this.#tokens = tokens
    this.#at = at
    this.#variables = variables
  }

  whole(): Expression {
    const value = this.#pipeline()
    const left = this.#tokens[this.#index]
    if (left !== undefined) throw this.#error(left.at, `unexpected "${left.value}"`)
    return value
  }

  #pipeline(): Expression {
    let value = this.#command(undefined)
    while (this.#takes('|')) value = this.#command(value)
    return value
  }

  /** One call or value; `piped` becomes the last argument. */
  #command(piped: Expression | undefined): Expression {
    const at = this.#tokens[this.#index]?.at ?? this.#at
    const operands: Expression[] = []
    const token = this.#tokens[this.#index]
    const name = token?.kind === 'name' ? token.value : undefined
    if (name !== undefined) this.#index += 1
    for (let operand = this.#operand(); operand !== undefined; operand = this.#operand()) operands.push(operand)
    if (piped !== undefined) operands.push(piped)
    if (name !== undefined) return this.#call(name, operands, at)
    const [only, more] = operands
    if (only === undefined) throw this.#error(at, 'a value is missing')
    if (more !== undefined) throw this.#error(more.at, 'only a function takes arguments')
    return only
  }

  #operand(): Expression | undefined {
    const token = this.#tokens[this.#index]
    if (token === undefined || (token.kind === 'mark' && token.value !== '(')) return undefined
    this.#index += 1
    switch (token.kind) {
      case 'string':
      case 'number':
        return { kind: 'literal', value: token.value, at: token.at }
      case 'variable':
        if (this.#variables.has(token.value)) return { kind: 'variable', name: token.value, at: token.at }
        throw this.#error(token.at, `the variable ${token.value} is unknown`)
      case 'name':
        return this.#call(token.value, [], token.at)
      case 'mark': {
        const inner = this.#pipeline()
        if (!this.#takes(')')) throw this.#error(token.at, 'this "(" is never closed')
        return inner
      }
    }
  }

  #call(name: string, args: Expression[], at: number): Expression {
    const known = Object.hasOwn(functions, name) ? functions[name] : undefined
    if (known === undefined) throw unsupported(this.#template, at, `"${name}"`)
    if (args.length < known.min || args.length > known.max) {
      const wanted = known.min === known.max ? `${known.min}` : `at least ${known.min}`
      throw this.#error(at, `"${name}" takes ${wanted} argument${known.min === 1 ? '' : 's'}, not ${args.length}`)
    }
    return { kind: 'call', name, args, at }
  }

  #takes(mark: string): boolean {
    const token = this.#tokens[this.#index]
    if (token?.kind !== 'mark' || token.value !== mark) return false
    this.#index += 1
    return true
  }

  #error(at: number, problem: string): Error {
    return templateError(this.#template, at, problem)
  }
}

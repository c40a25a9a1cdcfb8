import type { TimeMs } from '../model/ids.ts'
import type { Arch } from '../model/run-config.ts'
import { templateError } from './template/template-error.ts'
import { formatValues } from './template/template-format.ts'
import { type Expression, parseTemplate, type TemplateNode, type Value } from './template/template-parser.ts'

/** What a template can ask for. */
export interface TemplateWorld {
  arch: Arch
  now: TimeMs
  /** '' when it is not set. */
  env: (name: string) => Promise<string>
  /** Hex, of a file of the container. */
  hash: (algorithm: 'md5' | 'sha256', file: string) => Promise<string>
}

/** Renders a cache key (spec/executor.md 12.1, spec/local-runs.md 14.5). `unixtime` is in seconds, dates are UTC.
 *  `templateInvalid` with the place for every mistake. */
export async function renderKey(template: string, world: TemplateWorld): Promise<string> {
  return await new Renderer(template, world).nodes(parseTemplate(template), new Scope())
}

class Scope {
  readonly #values = new Map<string, Value>()
  readonly #outer: Scope | undefined

  constructor(outer?: Scope) {
    this.#outer = outer
  }

  get(name: string): Value {
    return this.#values.get(name) ?? this.#outer?.get(name) ?? ''
  }

  set(name: string, value: Value, declares: boolean): void {
    if (declares || this.#values.has(name) || this.#outer === undefined) this.#values.set(name, value)
    else this.#outer.set(name, value, false)
  }
}

class Renderer {
  readonly #template: string
  readonly #world: TemplateWorld

  constructor(template: string, world: TemplateWorld) {
    this.#template = template
    this.#world = world
  }

  async nodes(nodes: TemplateNode[], scope: Scope): Promise<string> {
    let text = ''
    for (const node of nodes) text += await this.#node(node, scope)
    return text
  }

  async #node(node: TemplateNode, scope: Scope): Promise<string> {
    switch (node.kind) {
      case 'text':
        return node.text
      case 'print':
        return String(await this.#value(node.value, scope))
      case 'set':
        scope.set(node.name, await this.#value(node.value, scope), node.declares)
        return ''
      case 'if':
        for (const { condition, body } of node.branches) {
          if (isTrue(await this.#value(condition, scope))) return await this.nodes(body, new Scope(scope))
        }
        return await this.nodes(node.otherwise, new Scope(scope))
    }
  }

  async #value(expression: Expression, scope: Scope): Promise<Value> {
    if (expression.kind === 'literal') return expression.value
    if (expression.kind === 'variable') return scope.get(expression.name)
    const values: Value[] = []
    for (const argument of expression.args) values.push(await this.#value(argument, scope))
    return await this.#call(expression.name, values, expression.at)
  }

  async #call(name: string, values: Value[], at: number): Promise<Value> {
    const date = new Date(this.#world.now)
    switch (name) {
      case 'md5sum':
        return await this.#world.hash('md5', this.#text(name, values[0], at))
      case 'sha256sum':
        return await this.#world.hash('sha256', this.#text(name, values[0], at))
      case 'env':
        return await this.#world.env(this.#text(name, values[0], at))
      case 'os':
        return 'linux'
      case 'arch':
        return this.#world.arch
      case 'unixtime':
        return String(Math.floor(this.#world.now / 1000))
      case 'year':
        return String(date.getUTCFullYear()).padStart(4, '0')
      case 'month':
        return String(date.getUTCMonth() + 1).padStart(2, '0')
      case 'day':
        return String(date.getUTCDate()).padStart(2, '0')
      case 'printf':
        return this.#print(this.#text(name, values[0], at), values.slice(1), at)
      default:
        return this.#compare(name, values, at)
    }
  }

  #text(name: string, value: Value | undefined, at: number): string {
    if (typeof value === 'string') return value
    throw templateError(this.#template, at, `"${name}" takes a string, not ${JSON.stringify(value)}`)
  }

  #print(format: string, values: Value[], at: number): string {
    try {
      return formatValues(format, values)
    } catch (error) {
      throw templateError(this.#template, at, `printf: ${error instanceof Error ? error.message : String(error)}`)
    }
  }

  /** `eq` is true when the first value equals any of the others. */
  #compare(name: string, values: Value[], at: number): boolean {
    const [first, ...others] = values
    return others.some((other) => {
      if (first === undefined || typeof first !== typeof other) {
        throw templateError(
          this.#template,
          at,
          `"${name}" cannot compare ${JSON.stringify(first)} with ${JSON.stringify(other)}`,
        )
      }
      if (name === 'eq') return first === other
      if (name === 'ne') return first !== other
      if (typeof first === 'boolean') throw templateError(this.#template, at, `"${name}" cannot order truth values`)
      if (name === 'lt') return isLess(first, other)
      if (name === 'le') return !isLess(other, first)
      return name === 'gt' ? isLess(other, first) : !isLess(first, other)
    })
  }
}

function isTrue(value: Value): boolean {
  return value !== '' && value !== 0 && value !== false
}

/** Text compares by its bytes, as in Go. */
function isLess(a: Value, b: Value): boolean {
  if (typeof a === 'string' && typeof b === 'string') return Buffer.compare(Buffer.from(a), Buffer.from(b)) < 0
  return a < b
}

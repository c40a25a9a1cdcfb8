import { Place, type Source } from './source.ts'
import type { Node } from './syntax.ts'
import type { Code, FunctionPlan } from './values.ts'

/** Where a name is found: how many environments out, and which entry there. */
export interface Binding {
  depth: number
  slot: number
  scope: Scope
}

/** Where an expression stands in the function around it.
 *  none: its value is used further. last: nothing but operators follow, so go-jsonnet gives up the frame already.
 *  tail: its value is the function's. */
export type Position = 'none' | 'last' | 'tail'

type Compiler = (node: Node, scope: Scope, position: Position) => Code

/** What a file's code is compiled against. */
export interface Unit {
  source: Source
  /** Builtins by name: `std.name` is resolved while compiling unless `std` is shadowed. */
  builtins: ReadonlyMap<string, FunctionPlan>
  /** Keep the place of every array element. */
  keepPlaces: boolean
  /** Handed down so that the compilers of single constructs need not know each other. */
  compile: Compiler
}

/** Names that are visible at a point of the source. Scopes within one function share its environment (`layout`):
 *  a local there gets an entry of its own, since the expression is evaluated at most once in an environment. */
export class Scope {
  readonly unit: Unit
  readonly parent: Scope | undefined
  readonly layout: { size: number }
  readonly context: string
  /** An object is around, so `$` is known. */
  readonly isInObject: boolean
  readonly #names = new Map<string, number>()

  private constructor(
    unit: Unit,
    parent: Scope | undefined,
    layout: { size: number },
    context: string,
    isInObject: boolean,
  ) {
    this.unit = unit
    this.parent = parent
    this.layout = layout
    this.context = context
    this.isInObject = isInObject
  }

  static ofFile(unit: Unit): Scope {
    const scope = new Scope(unit, undefined, { size: 1 }, '$', false)
    scope.declare('std')
    return scope
  }

  /** A scope with an environment of its own, whose entry 0 is the environment of this one. */
  enter(context: string, isInObject = this.isInObject): Scope {
    return new Scope(this.unit, this, { size: 1 }, context, isInObject)
  }

  /** A scope in the same environment. */
  block(context = this.context): Scope {
    return new Scope(this.unit, this, this.layout, context, this.isInObject)
  }

  declare(name: string): number {
    const slot = this.layout.size++
    this.#names.set(name, slot)
    return slot
  }

  /** A second name for an entry. */
  alias(name: string, slot: number): void {
    this.#names.set(name, slot)
  }

  find(name: string): Binding | undefined {
    let depth = 0
    for (let scope: Scope | undefined = this; scope !== undefined; scope = scope.parent) {
      const slot = scope.#names.get(name)
      if (slot !== undefined) return { depth, slot, scope }
      if (scope.parent !== undefined && scope.parent.layout !== scope.layout) depth++
    }
    return undefined
  }

  /** Every name that `find` finds, the nearest first. */
  *names(): Iterable<string> {
    for (let scope: Scope | undefined = this; scope !== undefined; scope = scope.parent) yield* scope.#names.keys()
  }

  isFile(): boolean {
    return this.parent === undefined
  }

  compile(node: Node, position: Position = 'none'): Code {
    return this.unit.compile(node, this, position)
  }

  place(node: { start: number; end: number }): Place {
    return new Place(this.unit.source, node.start, node.end, this.context)
  }
}

import { compile } from './compile.ts'
import type { ImportedFile, ImportFile } from './evaluation.ts'
import { StaticFailure } from './failure.ts'
import { currentTrace, fail } from './machine.ts'
import { parse } from './parser.ts'
import { Scope, type Unit } from './scope.ts'
import { type Place, Source } from './source.ts'
import { standardLibrary } from './std/library.ts'
import type { Import, Node } from './syntax.ts'
import { type Code, JsonnetArray, Thunk, type Value } from './values.ts'

/** Loads and compiles the files of one evaluation, each once. */
export class Files {
  readonly #importFile: ImportFile | undefined
  readonly #keepPlaces: boolean
  readonly #answers = new Map<string, ImportedFile>()
  readonly #code = new Map<string, Thunk>()

  constructor(importFile: ImportFile | undefined, keepPlaces: boolean) {
    this.#importFile = importFile
    this.#keepPlaces = keepPlaces
  }

  /** A program or a piece of code given from outside, not yet evaluated. */
  compile(name: string, text: string): Thunk {
    const source = new Source(name, text)
    const { builtins, object } = standardLibrary()
    const unit: Unit = { source, builtins, keepPlaces: this.#keepPlaces, compile }
    const scope = Scope.ofFile(unit)
    const tree: Node = parse(source)
    const code = compileTree(tree, scope)
    return new Thunk(code, makeFileEnv(scope, object(name)), scope.place(tree))
  }

  import(node: Import, place: Place): Value {
    const importedFrom = place.source.name
    const key = `${importedFrom}\n${node.path}\n${node.as}`
    const file = this.#answers.get(key) ?? this.#ask({ importedFrom, path: node.path, kind: node.as }, place)
    this.#answers.set(key, file)
    if (node.as === 'bytes') return new JsonnetArray([...toBytes(file.content)])
    if (node.as === 'text') return toText(file.content)
    return this.#codeOf(file, place).force()
  }

  #ask(request: Parameters<ImportFile>[0], place: Place): ImportedFile {
    const open = `couldn't open import ${JSON.stringify(request.path)}`
    if (this.#importFile === undefined) return fail(`${open}: imports are not available here`, place)
    try {
      return this.#importFile(request)
    } catch (error) {
      return fail(`${open}: ${error instanceof Error ? error.message : String(error)}`, place)
    }
  }

  #codeOf(file: ImportedFile, place: Place): Thunk {
    const known = this.#code.get(file.name)
    if (known !== undefined) return known
    try {
      const code = this.compile(file.name, toText(file.content))
      this.#code.set(file.name, code)
      return code
    } catch (error) {
      if (!(error instanceof StaticFailure)) throw error
      throw new StaticFailure(error.message, error.place, error.hint, currentTrace(place))
    }
  }
}

function compileTree(tree: Node, scope: Scope): Code {
  try {
    return scope.compile(tree)
  } catch (error) {
    // The only RangeError that compiling can meet is the end of this thread's stack.
    if (!(error instanceof RangeError)) throw error
    throw new StaticFailure('The source nests too deep', scope.place({ start: tree.start, end: tree.start }))
  }
}

function makeFileEnv(scope: Scope, std: Value): Value[] {
  const env: Value[] = new Array(scope.layout.size)
  env[1] = std
  return env
}

function toText(content: string | Uint8Array): string {
  return typeof content === 'string' ? content : new TextDecoder().decode(content)
}

function toBytes(content: string | Uint8Array): Uint8Array {
  return typeof content === 'string' ? new TextEncoder().encode(content) : content
}

import type { DockerRegistryAuth, Value } from '../model/run-config.ts'
import type { UndefinedVariable, Variable } from './compiled-run.ts'

/** Replaces references to variables. Secrets stay references, so that no run config ever holds one (spec/local-runs.md 7). */
export class ValueResolver {
  readonly #variables: ReadonlyMap<string, Variable>
  readonly #undefined = new Map<string, Set<string>>()

  constructor(variables: ReadonlyMap<string, Variable>) {
    this.#variables = variables
  }

  /** Names that nobody gave, with the places that wanted them, in the order in which they were met. */
  undefinedVariables(): UndefinedVariable[] {
    return [...this.#undefined].map(([name, usedBy]) => ({ name, usedBy: [...usedBy] }))
  }

  resolve(value: Value, usedBy: string): Value {
    if (typeof value === 'string') return value
    const variable = this.#variables.get(value.fromVariable)
    if (variable === undefined) {
      this.#note(value.fromVariable, usedBy)
      return ''
    }
    return variable.secret ? { fromVariable: value.fromVariable } : variable.value
  }

  environment(environment: Readonly<Record<string, Value>>, usedBy: string): Record<string, Value> {
    return Object.fromEntries(Object.entries(environment).map(([name, value]) => [name, this.resolve(value, usedBy)]))
  }

  registryAuth(auth: DockerRegistryAuth, usedBy: string): DockerRegistryAuth {
    return {
      type: auth.type,
      username: this.resolve(auth.username, usedBy),
      password: this.resolve(auth.password, usedBy),
      auth: this.resolve(auth.auth, usedBy),
    }
  }

  #note(name: string, usedBy: string): void {
    const known = this.#undefined.get(name) ?? new Set()
    this.#undefined.set(name, known)
    known.add(usedBy)
  }
}

import type { Place } from './source.ts'

/** A file is malformed: found while reading it, before anything of it is evaluated. `importTrace` leads to an imported one, the
 *  innermost place first, which is that of its import; empty for the program itself. */
export class StaticFailure extends Error {
  readonly place: Place
  readonly hint: string | undefined
  readonly importTrace: readonly Place[]

  constructor(message: string, place: Place, hint?: string, importTrace: readonly Place[] = []) {
    super(message)
    this.place = place
    this.hint = hint
    this.importTrace = importTrace
  }
}

/** The program failed or was stopped while it ran. `trace` has the innermost place first. */
export class RuntimeFailure extends Error {
  readonly trace: readonly Place[]
  readonly kind: 'runtime' | 'limit'
  readonly hint: string | undefined

  constructor(message: string, trace: readonly Place[], kind: 'runtime' | 'limit' = 'runtime', hint?: string) {
    super(message)
    this.trace = trace
    this.kind = kind
    this.hint = hint
  }
}

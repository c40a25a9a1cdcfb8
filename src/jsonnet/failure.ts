import type { Place } from './source.ts'

/** The program is malformed: found while reading it, before anything is evaluated. */
export class StaticFailure extends Error {
  readonly place: Place
  readonly hint: string | undefined

  constructor(message: string, place: Place, hint?: string) {
    super(message)
    this.place = place
    this.hint = hint
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

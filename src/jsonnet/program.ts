import type { Place } from './source.ts'
import type { Import } from './syntax.ts'
import type { Value } from './values.ts'

/** What the program sees of the world around it. */
export interface Program {
  externalVariable: (name: string) => Value
  /** null when there is none of that name. */
  nativeFunction: (name: string) => Value
  trace: (text: string) => void
  importFile: (node: Import, place: Place) => Value
}

let current: Program | undefined

/** The one of the evaluation that is under way. */
export function program(): Program {
  if (current === undefined) throw new Error('no evaluation is under way')
  return current
}

/** Gives back the one before. */
export function enterProgram(next: Program | undefined): Program | undefined {
  const former = current
  current = next
  return former
}

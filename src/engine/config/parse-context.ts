import type { Cursor } from './cursor.ts'
import type { ProblemList } from './problem-list.ts'

/** What the parsers of one document share. */
export interface ParseContext {
  problems: ProblemList
  /** Unknown keys are errors. */
  strict: boolean
  /** Regular expressions met so far: they are checked last, so that the engine is loaded only when there are some. */
  regexps: { cursor: Cursor; pattern: string }[]
}

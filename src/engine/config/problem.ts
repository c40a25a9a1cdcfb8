import type { ConfigProblemCode } from './problem-codes.ts'

/** One thing that is wrong, or doubtful, in a config: where, what was found, and what to write instead. */
export interface ConfigProblem {
  /** An error keeps the config from being used; a warning does not. */
  severity: 'error' | 'warning'
  code: ConfigProblemCode
  /** One sentence that names run, task and step. */
  message: string
  /** Path in the repository, `.agola/config.yml`; of an imported file where that is to blame. */
  file: string
  /** Both count from 1, columns in characters; null where no place is known. */
  line: number | null
  column: number | null
  /** Place in the evaluated document, `runs[0].tasks[2].steps[1]`; '' is the document itself. */
  path: string
  /** What stands there, in words or shortened JSON; null where nothing does. */
  found: string | null
  /** What to write instead; null where the message says it all. */
  hint: string | null
  /** Further lines, as the trace of a failed evaluation. */
  notes?: string[]
}

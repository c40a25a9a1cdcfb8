import type { ImportFileAsync, NativeFunctionAsync, ProgramOptions } from './evaluation.ts'

export interface PoolOptions extends ProgramOptions {
  /** Without it every import is an error. Rejections become errors at the import. */
  importFile?: ImportFileAsync
  nativeFunctions?: Readonly<Record<string, NativeFunctionAsync>>
  /** Takes the lines of `std.trace`. */
  trace?: (line: string) => void
  /** Aborting ends the evaluation; the promise rejects with the signal's reason. */
  signal?: AbortSignal
}

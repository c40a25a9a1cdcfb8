/** What goes into an evaluation and what comes out of it: plain data and callbacks, nothing of the evaluator itself. */

export type JsonValue = null | boolean | number | string | JsonValue[] | { [key: string]: JsonValue }

/** A value given from outside: a string as it is, or Jsonnet code that is evaluated when it is first needed. */
export type Binding = { text: string } | { code: string }

/** An `import`, `importstr` or `importbin` that waits for its file. */
export interface ImportRequest {
  /** Name of the file that imports, as messages show it. */
  importedFrom: string
  /** What the program wrote, unresolved. */
  path: string
  kind: 'code' | 'text' | 'bytes'
}

export interface ImportedFile {
  /** One name a file: the cache, `std.thisFile`, relative imports and messages go by it. */
  name: string
  content: string | Uint8Array
}

/** Answers imports. Throws an `Error` whose message says why there is no such file. */
export type ImportFile = (request: ImportRequest) => ImportedFile
export type ImportFileAsync = (request: ImportRequest) => ImportedFile | Promise<ImportedFile>

/** A function that `std.native(name)` gives to the program. Arguments and result are plain JSON values. */
export interface NativeFunction {
  parameters: readonly string[]
  call: (...args: JsonValue[]) => JsonValue
}

export interface NativeFunctionAsync {
  parameters: readonly string[]
  call: (...args: JsonValue[]) => JsonValue | Promise<JsonValue>
}

export interface EvaluationLimits {
  /** Wall-clock time in milliseconds. */
  timeMs?: number
  /** Size of the JSON text in bytes of UTF-8. */
  outputBytes?: number
  /** How deep arrays and objects of the result may nest. */
  outputDepth?: number
  /** Frames of calls and lazy values, as go-jsonnet counts them; 500 unless told. */
  stackFrames?: number
}

/** What can cross into a worker as it is. */
export interface ProgramOptions {
  /** Name of the program in messages and in `std.thisFile`; imports are relative to it. */
  fileName?: string
  externalVariables?: Readonly<Record<string, Binding>>
  /** Given by name to the function that the program evaluates to; ignored when it is not a function. */
  topLevelArguments?: Readonly<Record<string, Binding>>
  /** Record where each value of the result comes from. */
  positions?: boolean
  limits?: EvaluationLimits
}

export interface EvaluateOptions extends ProgramOptions {
  /** Without it every import is an error. */
  importFile?: ImportFile
  nativeFunctions?: Readonly<Record<string, NativeFunction>>
  /** Takes the lines of `std.trace`. Dropped unless given. */
  trace?: (line: string) => void
}

/** Lines and columns count from 1, columns in bytes of UTF-8 as go-jsonnet counts them. */
export interface SourcePosition {
  file: string
  line: number
  column: number
}

export interface TraceFrame extends SourcePosition {
  /** The function, field or lazy value that was being evaluated there. */
  context: string
}

export interface JsonnetError {
  /** static: the program, or a file that it imports, is malformed. runtime: it failed. limit: it was stopped. */
  kind: 'static' | 'runtime' | 'limit'
  /** The bare message, without prefix and position. */
  message: string
  /** The first line as go-jsonnet words it: `RUNTIME ERROR: …` or `FILE:LINE:COL-COL …`. */
  firstLine: string
  /** Where it went wrong. Absent when no place of the program is to blame, as in a result that cannot be JSON. */
  position?: SourcePosition
  /** The line of the position, and how much of it is meant. */
  excerpt?: { text: string; markFrom: number; markLength: number }
  /** Innermost first, at most 20; `elided` of them are missing after the first ten. */
  trace: TraceFrame[]
  elided: number
  /** What to write instead, where that can be guessed. */
  hint?: string
}

export interface EvaluatedValue {
  ok: true
  /** The JSON text as go-jsonnet prints it, indented by three spaces, with a line end. */
  text: string
  value: JsonValue
  /** Present when `positions` was asked for. */
  positionOf?: PositionOf
}

/** The place in the sources that produced the value at a path of the result; of the nearest parent when there is none. */
export type PositionOf = (path: readonly (string | number)[]) => SourcePosition | undefined

export type Evaluation = EvaluatedValue | { ok: false; error: JsonnetError }

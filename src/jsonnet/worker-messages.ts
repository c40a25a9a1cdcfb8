import type { ImportedFile, ImportRequest, JsonnetError, JsonValue, ProgramOptions } from './evaluation.ts'
import type { PositionTable } from './positions.ts'

export interface WorkerSetup {
  memory: SharedArrayBuffer
  memoryMb: number
}

/** From host to worker. */
export interface WorkOrder {
  source: string
  options: ProgramOptions
  /** Whether the host answers imports. */
  hasImports: boolean
  /** Parameters of the host's native functions, by name. */
  nativeFunctions: Record<string, readonly string[]>
}

/** What the worker waits for in the middle of an evaluation. */
export type WorkerQuestion =
  | { kind: 'import'; request: ImportRequest }
  | { kind: 'native'; name: string; args: JsonValue[] }

export type WorkerAnswer = { file: ImportedFile } | { value: JsonValue } | { refusal: string }

/** From worker to host. An order is answered by any number of questions and traces and one result. */
export type WorkerMessage = WorkerQuestion | { kind: 'trace'; line: string } | { kind: 'result'; outcome: WorkOutcome }

export type WorkOutcome =
  | { ok: true; text: string; positions: PositionTable | undefined }
  | { ok: false; error: JsonnetError }

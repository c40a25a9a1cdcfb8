import { createLog } from './adapters/system.ts'
import type { ExecutionRequest } from './direct-run-interface.ts'
import type { Log } from './ports/log.ts'

/** Warnings are for operators; a person at a terminal asks for them. */
export function logOf({ debug }: ExecutionRequest): Log {
  return createLog(debug ? 'debug' : 'error', (line) => process.stderr.write(line))
}

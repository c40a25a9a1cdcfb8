import { AgolaError, type ErrorKind } from '../engine/model/errors.ts'
import type { Run } from '../engine/model/run.ts'

/** The exit codes of the command line (design: decisions, section 3). The only place where results and errors become codes. */
export const exitCodes = {
  success: 0,
  failed: 1,
  usage: 2,
  config: 3,
  stopped: 4,
  timedOut: 5,
  infrastructure: 6,
  notPermitted: 7,
  notFound: 8,
  nothingToRun: 9,
  paused: 77,
  hangup: 129,
  interrupt: 130,
  terminate: 143,
} as const

const byKind: Record<ErrorKind, number> = {
  badrequest: exitCodes.config,
  unauthorized: exitCodes.notPermitted,
  forbidden: exitCodes.notPermitted,
  notexist: exitCodes.notFound,
  conflict: exitCodes.infrastructure,
  unavailable: exitCodes.infrastructure,
  internal: exitCodes.infrastructure,
}

/** Mistakes in the command itself are usage; other bad requests are about the config or the set-up. */
const usageCodes = new Set(['flagConflict', 'flagInvalid', 'invalidRunNumber', 'invalidLimit'])

export function exitCodeOfError(error: unknown): number {
  if (!(error instanceof AgolaError)) return exitCodes.infrastructure
  return usageCodes.has(error.code) ? exitCodes.usage : byKind[error.kind]
}

/** Of all runs that were waited for: the worst of them counts. */
export function exitCodeOfRuns(runs: readonly Pick<Run, 'phase' | 'result'>[]): number {
  const codes = runs.map(exitCodeOfRun)
  for (const code of [exitCodes.config, exitCodes.failed, exitCodes.stopped]) if (codes.includes(code)) return code
  return exitCodes.success
}

function exitCodeOfRun({ phase, result }: Pick<Run, 'phase' | 'result'>): number {
  if (phase === 'setuperror') return exitCodes.config
  if (phase === 'cancelled' || result === 'stopped') return exitCodes.stopped
  return result === 'success' ? exitCodes.success : exitCodes.failed
}

/** 128 plus the number of the signal that ended the command. */
export function exitCodeOfSignal(signal: 'SIGHUP' | 'SIGINT' | 'SIGTERM'): number {
  if (signal === 'SIGHUP') return exitCodes.hangup
  return signal === 'SIGINT' ? exitCodes.interrupt : exitCodes.terminate
}

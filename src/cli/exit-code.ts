import { AgolaError, type ErrorKind } from '../engine/model/errors.ts'
import type { Run, RunTask } from '../engine/model/run.ts'

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
const usageCodes = new Set(['commandUnknown', 'flagConflict', 'flagInvalid', 'invalidRunNumber', 'invalidLimit'])

export function exitCodeOfError(error: unknown): number {
  if (!(error instanceof AgolaError)) return exitCodes.infrastructure
  return usageCodes.has(error.code) ? exitCodes.usage : byKind[error.kind]
}

/** Of all runs that were waited for: the worst of them counts. */
export function exitCodeOfRuns(runs: readonly EndedRun[]): number {
  const codes = runs.map(exitCodeOfRun)
  const { config, failed, infrastructure, stopped, success } = exitCodes
  return [config, failed, infrastructure, stopped].find((code) => codes.includes(code)) ?? success
}

export interface EndedRun extends Pick<Run, 'phase' | 'result'> {
  tasks: Record<string, Pick<RunTask, 'status' | 'failKind'>>
}

function exitCodeOfRun({ phase, result, tasks }: EndedRun): number {
  if (phase === 'setuperror') return exitCodes.config
  if (phase === 'cancelled' || result === 'stopped') return exitCodes.stopped
  if (result === 'success') return exitCodes.success
  const failed = Object.values(tasks).filter(({ status }) => status === 'failed')
  return failed.length > 0 && failed.every(isOurTrouble) ? exitCodes.infrastructure : exitCodes.failed
}

/** The task could not be run: nothing is said about what it would have found. */
function isOurTrouble({ failKind }: Pick<RunTask, 'failKind'>): boolean {
  return failKind !== undefined && byKind[failKind] === exitCodes.infrastructure
}

/** 128 plus the number of the signal that ended the command. */
export function exitCodeOfSignal(signal: 'SIGHUP' | 'SIGINT' | 'SIGTERM'): number {
  if (signal === 'SIGHUP') return exitCodes.hangup
  return signal === 'SIGINT' ? exitCodes.interrupt : exitCodes.terminate
}

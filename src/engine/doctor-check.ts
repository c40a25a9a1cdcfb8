import { AgolaError, messageOf } from './model/errors.ts'

export type CheckStatus = 'ok' | 'warn' | 'fail'

/** One thing that was looked at. */
export interface Check {
  /** What was looked at: 'git', 'disk of the state'. */
  name: string
  status: CheckStatus
  /** What was found. */
  found: string
  /** How to mend it; '' when there is nothing to mend. */
  hint: string
  /** Facts for programs. */
  details?: Record<string, unknown>
}

export function ok(name: string, found: string, details?: Record<string, unknown>): Check {
  return { name, status: 'ok', found, hint: '', ...(details && { details }) }
}

export function warn(name: string, found: string, hint: string, details?: Record<string, unknown>): Check {
  return { name, status: 'warn', found, hint, ...(details && { details }) }
}

export function fail(name: string, found: string, hint: string, details?: Record<string, unknown>): Check {
  return { name, status: 'fail', found, hint, ...(details && { details }) }
}

/** A check that could not be made is one that failed: nothing ends the examination. */
export async function guarded(name: string, hint: string, look: () => Promise<Check[]>): Promise<Check[]> {
  try {
    return await look()
  } catch (error) {
    return [fail(name, messageOf(error), hint, error instanceof AgolaError ? error.details : undefined)]
  }
}

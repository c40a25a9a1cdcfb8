import { AgolaError, type ErrorCode, messageOf } from '../../model/errors.ts'
import { isSourceError } from './source-error.ts'

const codes: Record<string, ErrorCode> = {
  ENOSPC: 'diskFull',
  EDQUOT: 'diskFull',
  EMFILE: 'storeUnreachable',
  ENFILE: 'storeUnreachable',
  ENOMEM: 'storeUnreachable',
}

/** The error code that the system gave, or '' for any other error. */
export function systemCode(error: unknown): string {
  return error instanceof Error && 'code' in error && typeof error.code === 'string' ? error.code : ''
}

/** A system error as the port's error; anything else (our own errors, an abort reason, a failing source) stays what it is. */
export function fileError(action: string, error: unknown): unknown {
  const code = systemCode(error)
  if (error instanceof AgolaError || isSourceError(error) || !/^E[A-Z0-9]+$/.test(code)) return error
  const hint = codes[code] === 'diskFull' ? ': free some space on its disk' : ''
  return new AgolaError(
    codes[code] ?? 'storeUnusable',
    `object storage cannot ${action}${hint} (${messageOf(error)})`,
    {
      details: { systemCode: code },
      cause: error,
    },
  )
}

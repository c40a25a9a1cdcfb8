import { AgolaError } from '../../model/errors.ts'

const codes = {
  perm: 3,
  busy: 5,
  locked: 6,
  readOnly: 8,
  inputOutput: 10,
  corrupt: 11,
  full: 13,
  cannotOpen: 14,
  notADatabase: 26,
}

/** Whether another process or thread holds the lock, so that the same is worth trying again. */
export function isBusy(error: unknown): boolean {
  const code = sqliteCodeOf(error)
  return code === codes.busy || code === codes.locked
}

/** What went wrong with the database file, for the one who runs the program. `phase` tells what an I/O error leaves behind. */
export function sqliteError(error: unknown, file: string, phase: 'open' | 'read' | 'write' | 'commit'): AgolaError {
  if (error instanceof AgolaError) return error
  const details = { file }
  const options = { cause: error, details }
  const text = error instanceof Error ? error.message : String(error)
  switch (sqliteCodeOf(error)) {
    case codes.busy:
    case codes.locked:
      return new AgolaError(
        'storeUnreachable',
        `Another process keeps the store ${file} locked. Try again when it has ended.`,
        options,
      )
    case codes.full:
      return new AgolaError(
        'diskFull',
        `No space is left for the store ${file}. Nothing of this change was kept.`,
        options,
      )
    case codes.perm:
    case codes.readOnly:
      return unusable(`The store ${file} cannot be written: it, or its directory, is read-only.`, options)
    case codes.cannotOpen:
      return unusable(
        `The store ${file} cannot be opened. Check that its directory exists and may be written.`,
        options,
      )
    case codes.notADatabase:
      return unusable(`${file} is not a store: it is no SQLite database. Move it away, or name another path.`, options)
    case codes.corrupt:
      return unusable(
        `The store ${file} is damaged (${text}). Move this one file away: the next command reads again what had reached the objects beside it: every run, but what a process that was killed wrote last.`,
        options,
      )
    case codes.inputOutput:
      if (phase === 'commit') {
        return new AgolaError(
          'outcomeUnknown',
          `The disk failed while the store ${file} was committing (${text}).`,
          options,
        )
      }
      return new AgolaError(
        'storeUnreachable',
        `The disk failed while the store ${file} was in use (${text}).`,
        options,
      )
    default:
      return new AgolaError('storeUnusable', `The store ${file} failed: ${text}.`, options)
  }
}

function unusable(message: string, options: { cause: unknown; details: Record<string, unknown> }): AgolaError {
  return new AgolaError('storeUnusable', message, options)
}

/** The primary result code, without the extension in the higher bits. */
function sqliteCodeOf(error: unknown): number | undefined {
  if (!(error instanceof Error && 'errcode' in error && typeof error.errcode === 'number')) return undefined
  return error.errcode & 0xff
}

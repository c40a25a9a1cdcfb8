import { AgolaError, hasCode, messageOf } from '../engine/model/errors.ts'
import { systemTrouble } from '../engine/std/system-trouble.ts'

/** A file or directory that a flag names cannot be written: `diskFull`, or the flag is wrong. */
export function flagNotWritable(flag: string, path: string, error: unknown): AgolaError {
  const trouble = systemTrouble(error)
  const code = hasCode(trouble, 'diskFull') ? 'diskFull' : 'flagInvalid'
  return new AgolaError(code, `--${flag} ${path} cannot be written: ${messageOf(trouble)}`, { cause: error })
}

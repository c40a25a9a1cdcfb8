import { parseDuration } from '../engine/config/duration.ts'
import { AgolaError } from '../engine/model/errors.ts'

/** Milliseconds of a flag such as `--timeout 1h30m`. `flagInvalid` with the flag's name. */
export function parseDurationFlag(flag: string, text: string): number {
  const parsed = parseDuration(text)
  if (parsed !== null && parsed > 0) return parsed
  throw new AgolaError(
    'flagInvalid',
    `--${flag} ${JSON.stringify(text)} is not a duration; write it as 90s, 15m or 1h30m`,
  )
}

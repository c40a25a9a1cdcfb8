import { parseDuration } from '../engine/config/duration.ts'
import { AgolaError } from '../engine/model/errors.ts'

const dayMs = 24 * 60 * 60 * 1000

/** Milliseconds of a flag such as `--timeout 1h30m`. `flagInvalid` with the flag's name. */
export function parseDurationFlag(flag: string, text: string): number {
  return parseDurationOf(`--${flag}`, text)
}

/** The same for what stands somewhere else. */
export function parseDurationOf(place: string, text: string): number {
  const days = /^(\d{1,5})d$/.exec(text)?.[1]
  const parsed = days === undefined ? parseDuration(text) : Number(days) * dayMs
  if (parsed !== null && parsed > 0 && parsed < Infinity) return parsed
  throw new AgolaError(
    'flagInvalid',
    `${place} ${JSON.stringify(text)} is not a duration; write it as 90s, 15m, 1h30m or 7d`,
  )
}

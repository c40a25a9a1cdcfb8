import type { Cursor } from './cursor.ts'
import { describeValue } from './describe-value.ts'
import { durationFromNanoseconds, formatDuration, parseDuration } from './duration.ts'
import type { ParseContext } from './parse-context.ts'

/** Milliseconds; null where none is given. Shorter than a second is a warning: plain numbers are nanoseconds. */
export function parseTimeout(cursor: Cursor | null, context: ParseContext): number | null {
  const value = cursor?.value ?? null
  if (cursor === null || value === null) return null
  const duration = read(value)
  if (duration === null) {
    context.problems.error(cursor, 'duration_bad', 'this is no duration', {
      found: describeValue(value),
      hint: hintFor(value),
    })
    return null
  }
  if (duration === Infinity) {
    context.problems.error(cursor, 'duration_too_long', 'this duration is too long', {
      found: describeValue(value),
      hint: 'write 0s for no timeout; the longest one is 292 years',
    })
  } else if (duration < 0) {
    context.problems.error(cursor, 'duration_negative', 'a duration is not negative', {
      found: describeValue(value),
      hint: 'write 0s for no timeout',
    })
  } else if (duration > 0 && duration < 1000) {
    context.problems.warning(cursor, 'duration_tiny', `the task has to end within ${formatDuration(duration)}`, {
      found: describeValue(value),
      hint: typeof value === 'number' ? `a number counts nanoseconds; did you mean "${value}s" or "${value}m"?` : null,
    })
  }
  return duration
}

function read(value: unknown): number | null {
  if (typeof value === 'string') return parseDuration(value)
  return typeof value === 'number' ? durationFromNanoseconds(value) : null
}

function hintFor(value: unknown): string {
  const days = typeof value === 'string' ? /^(\d+)\s*d(?:ays?)?$/.exec(value) : null
  if (days !== null) return `there are no days; write "${Number(days[1]) * 24}h"`
  if (typeof value === 'string' && /^\d+$/.test(value)) return `add a unit: "${value}s", "${value}m" or "${value}h"`
  return 'write a string like "90s", "15m" or "1h30m"; "0s" for none'
}

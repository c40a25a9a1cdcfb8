/** Durations of the format (spec/config.md 13): what Go's time.ParseDuration takes, or a number of nanoseconds. */

const nanosecondsPer: Record<string, bigint> = {
  ns: 1n,
  us: 1_000n,
  µs: 1_000n,
  μs: 1_000n,
  ms: 1_000_000n,
  s: 1_000_000_000n,
  m: 60_000_000_000n,
  h: 3_600_000_000_000n,
}
const nanosecondsMax = 9_223_372_036_854_775_807n

/** In milliseconds, fractions of which are kept; Infinity with its sign beyond 292 years; null when the text is no duration. */
export function parseDuration(text: string): number | null {
  const match = /^([+-]?)(.+)$/s.exec(text)
  if (match === null) return null
  const [, sign, rest = ''] = match
  if (rest === '0') return 0
  const part = /(\d*)(?:\.(\d*))?(ns|us|µs|μs|ms|s|m|h)/y
  let total = 0n
  while (part.lastIndex < rest.length) {
    const [, whole = '', fraction = '', unit = ''] = part.exec(rest) ?? []
    const unitNs = nanosecondsPer[unit]
    if (unitNs === undefined || (whole === '' && fraction === '')) return null
    // So many digits are too much of any unit, and would take long to count.
    total += whole.length > 20 ? nanosecondsMax + 1n : BigInt(whole === '' ? 0 : whole) * unitNs
    // Eighteen digits are more than a nanosecond of any unit can tell apart.
    const digits = fraction.slice(0, 18)
    if (digits !== '') total += (BigInt(digits) * unitNs) / 10n ** BigInt(digits.length)
  }
  if (total > nanosecondsMax) return sign === '-' ? -Infinity : Infinity
  return millisecondsOf(sign === '-' ? -total : total)
}

/** In milliseconds; the fraction of a nanosecond is dropped. Infinity with its sign beyond 292 years; null for what is no number. */
export function durationFromNanoseconds(nanoseconds: number): number | null {
  if (!Number.isFinite(nanoseconds)) return null
  if (Math.abs(nanoseconds) > Number(nanosecondsMax)) return Math.sign(nanoseconds) * Infinity
  return millisecondsOf(BigInt(Math.trunc(nanoseconds)))
}

/** Nanoseconds of a duration, as the wire has them. */
export function nanosecondsOf(milliseconds: number): number {
  return Math.round(milliseconds * 1e6)
}

/** The canonical text, as Go prints it: `1h30m0s`, `1.5s`, `2ms`, `0s`. */
export function formatDuration(milliseconds: number): string {
  return milliseconds < 0 ? `-${formatPositive(-milliseconds)}` : formatPositive(milliseconds)
}

function formatPositive(duration: number): string {
  if (duration < 1) return formatShort(nanosecondsOf(duration))
  // Whole milliseconds and the rest apart: together they would be more than a number holds.
  const whole = Math.floor(duration)
  const nanoseconds = nanosecondsOf(duration - whole)
  if (whole < 1000) return `${(whole * 1e6 + nanoseconds) / 1e6}ms`
  const hours = Math.floor(whole / 3_600_000)
  const minutes = Math.floor((whole % 3_600_000) / 60_000)
  const seconds = ((whole % 60_000) * 1e6 + nanoseconds) / 1e9
  if (hours > 0) return `${hours}h${minutes}m${seconds}s`
  return minutes > 0 ? `${minutes}m${seconds}s` : `${seconds}s`
}

function formatShort(nanoseconds: number): string {
  if (nanoseconds === 0) return '0s'
  return nanoseconds < 1000 ? `${nanoseconds}ns` : `${nanoseconds / 1000}µs`
}

/** Exact to the nanosecond for 24 days, and to the millisecond beyond. */
function millisecondsOf(nanoseconds: bigint): number {
  const isWhole = nanoseconds % 1_000_000n === 0n
  return isWhole ? Number(nanoseconds / 1_000_000n) : Number(nanoseconds) / 1e6
}

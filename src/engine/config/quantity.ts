/** Sizes of the format (spec/config.md 13): Kubernetes quantities in whole bytes, rounded away from zero. */

const powersOf1000: Record<string, number> = { n: -3, u: -2, m: -1, '': 0, k: 1, M: 2, G: 3, T: 4, P: 5, E: 6 }
const powersOf1024: Record<string, number> = { Ki: 1, Mi: 2, Gi: 3, Ti: 4, Pi: 5, Ei: 6 }
/** Numbers with more digits or a larger exponent are no sizes of this world, but would take long to compute. A smaller exponent makes no
 *  difference: what has so few digits is less than a byte with it. */
const digitsMax = 40
const exponentMax = 40

/** Bytes, which may be negative; Infinity with its sign beyond what a number counts exactly (8 PiB); null when the text is no quantity. */
export function parseQuantity(text: string): number | null {
  const match = /^([+-]?)(\d*)(?:\.(\d*))?(?:([eE][+-]?\d+)|([A-Za-z]{0,2}))$/.exec(text.trim())
  if (match === null) return null
  const [, sign, whole = '', fraction = '', exponent, suffix = ''] = match
  const digits = whole + fraction
  const power = exponent === undefined ? 0 : Number(exponent.slice(1))
  const scale = exponent === undefined ? scaleOf(suffix) : decimalScale(Math.max(power, -exponentMax))
  if (digits === '' || scale === null) return null
  const bytes = digits.length > digitsMax || power > exponentMax ? Infinity : count(digits, fraction.length, scale)
  return sign === '-' && bytes > 0 ? -bytes : bytes
}

/** Whole bytes, of `digits` of which the last ones are a fraction. */
function count(digits: string, fractionLength: number, { factor, divisor }: Scale): number {
  const bytes = roundUp(BigInt(digits) * factor, divisor * 10n ** BigInt(fractionLength))
  return bytes > BigInt(Number.MAX_SAFE_INTEGER) ? Infinity : Number(bytes)
}

interface Scale {
  factor: bigint
  divisor: bigint
}

function scaleOf(suffix: string): Scale | null {
  const binary = Object.hasOwn(powersOf1024, suffix) ? powersOf1024[suffix] : undefined
  if (binary !== undefined) return { factor: 1024n ** BigInt(binary), divisor: 1n }
  const decimal = Object.hasOwn(powersOf1000, suffix) ? powersOf1000[suffix] : undefined
  return decimal === undefined ? null : decimalScale(decimal * 3)
}

function decimalScale(exponent: number): Scale {
  const power = 10n ** BigInt(Math.min(Math.abs(exponent), exponentMax))
  return exponent < 0 ? { factor: 1n, divisor: power } : { factor: power, divisor: 1n }
}

function roundUp(value: bigint, divisor: bigint): bigint {
  return (value + divisor - 1n) / divisor
}

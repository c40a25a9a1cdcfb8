/** Sizes of the format (spec/config.md 13): Kubernetes quantities in whole bytes, rounded away from zero. */

const powersOf1000: Record<string, number> = { n: -3, u: -2, m: -1, '': 0, k: 1, M: 2, G: 3, T: 4, P: 5, E: 6 }
const powersOf1024: Record<string, number> = { Ki: 1, Mi: 2, Gi: 3, Ti: 4, Pi: 5, Ei: 6 }
/** Numbers with more digits or a larger exponent are no sizes of this world, but would take long to compute. */
const digitsMax = 40
const exponentMax = 40

/** Bytes; null when the text is no quantity, or more than a number can count exactly (8 PiB). May be negative. */
export function parseQuantity(text: string): number | null {
  const match = /^([+-]?)(\d*)(?:\.(\d*))?(?:([eE][+-]?\d+)|([A-Za-z]{0,2}))$/.exec(text.trim())
  if (match === null) return null
  const [, sign, whole = '', fraction = '', exponent, suffix = ''] = match
  const digits = whole + fraction
  if (digits === '' || digits.length > digitsMax) return null
  const scale = exponent === undefined ? scaleOf(suffix) : decimalScale(Number(exponent.slice(1)))
  if (scale === null) return null
  const bytes = roundUp(BigInt(digits) * scale.factor, scale.divisor * 10n ** BigInt(fraction.length))
  if (bytes > BigInt(Number.MAX_SAFE_INTEGER)) return null
  return sign === '-' && bytes > 0n ? -Number(bytes) : Number(bytes)
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

function decimalScale(exponent: number): Scale | null {
  if (Math.abs(exponent) > exponentMax) return null
  const power = 10n ** BigInt(Math.abs(exponent))
  return exponent < 0 ? { factor: 1n, divisor: power } : { factor: power, divisor: 1n }
}

function roundUp(value: bigint, divisor: bigint): bigint {
  return (value + divisor - 1n) / divisor
}

/** A float as fraction and power of two: `value = fraction * 2 ** exponent`, the fraction in [0.5, 1). */
export function splitFloat(value: number): { fraction: number; exponent: number } {
  if (value === 0 || !Number.isFinite(value)) return { fraction: value, exponent: 0 }
  let exponent = Math.max(-1023, Math.floor(Math.log2(Math.abs(value))) + 1)
  let fraction = value * 2 ** -exponent
  while (Math.abs(fraction) < 0.5) {
    fraction *= 2
    exponent--
  }
  while (Math.abs(fraction) >= 1) {
    fraction /= 2
    exponent++
  }
  return { fraction, exponent }
}

/** Powers with whole exponents by squaring the fraction, as Go does it: the same digits on every platform. */
export function power(base: number, exponent: number): number {
  if (!Number.isInteger(exponent) || !Number.isFinite(base) || base === 0 || Math.abs(exponent) > 2 ** 31) {
    return base ** exponent
  }
  let result = 1
  let resultExponent = 0
  let { fraction: square, exponent: squareExponent } = splitFloat(base)
  for (let rest = Math.abs(exponent); rest > 0; rest = Math.floor(rest / 2)) {
    if (rest % 2 === 1) {
      result *= square
      resultExponent += squareExponent
    }
    square *= square
    squareExponent *= 2
    if (Math.abs(square) < 0.5) {
      square += square
      squareExponent--
    }
    if (Math.abs(squareExponent) > 2 ** 40) break
  }
  return exponent < 0 ? scale(1 / result, -resultExponent) : scale(result, resultExponent)
}

/** `value * 2 ** exponent` in two steps, so that neither overflows before its time. */
function scale(value: number, exponent: number): number {
  const half = Math.trunc(Math.max(-2100, Math.min(2100, exponent)) / 2)
  const rest = Math.max(-2100, Math.min(2100, exponent)) - half
  return value * 2 ** half * 2 ** rest
}

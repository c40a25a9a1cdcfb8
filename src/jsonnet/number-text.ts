/** A number as JSON text: whole ones in full, the others with 17 significant digits like C's `%.17g`. */
export function numberText(value: number): string {
  if (Number.isInteger(value)) return wholeText(value)
  return significantText(value, 17)
}

/** The shortest decimal that reads back as the same number, never with an exponent. */
export function shortestText(value: number): string {
  const text = Object.is(value, -0) ? '-0' : String(value)
  const match = /^(-?)(\d)(?:\.(\d+))?e([+-]\d+)$/.exec(text)
  if (match === null) return text
  const [, sign = '', first = '', rest = '', exponent = '0'] = match
  const digits = first + rest
  const shift = Number(exponent)
  return shift < 0 ? `${sign}0.${'0'.repeat(-shift - 1)}${digits}` : `${sign}${digits.padEnd(shift + 1, '0')}`
}

/** A number as Go's `%v` prints it, in messages. */
export function goText(value: number): string {
  if (value === 0) return Object.is(value, -0) ? '-0' : '0'
  const [mantissa = '', exponentText = '0'] = value.toExponential().split('e')
  const exponent = Number(exponentText)
  if (exponent >= -4 && exponent < 6) return shortestText(value)
  return `${mantissa}e${exponentOf(exponent)}`
}

function wholeText(value: number): string {
  if (Object.is(value, -0)) return '-0'
  return Number.isSafeInteger(value) ? String(value) : BigInt(value).toString()
}

function significantText(value: number, digits: number): string {
  const [mantissa = '', exponentText = '0'] = value.toExponential(digits - 1).split('e')
  const exponent = Number(exponentText)
  if (exponent < -4) return `${mantissa.replace(/\.?0+$/, '')}e${exponentOf(exponent)}`
  return value.toFixed(Math.min(100, digits - 1 - exponent)).replace(/0+$/, '')
}

function exponentOf(exponent: number): string {
  return `${exponent < 0 ? '-' : '+'}${String(Math.abs(exponent)).padStart(2, '0')}`
}

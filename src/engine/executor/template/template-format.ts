import type { Value } from './template-parser.ts'

/** Go's `printf` for strings, whole numbers and truth values: `%s %d %v %q %x %X %t %%` with flags, width and precision.
 *  Throws a plain text about what does not fit. */
export function formatValues(format: string, values: readonly Value[]): string {
  let next = 0
  const text = format.replace(/%([-+ 0]*)(\d*)(?:\.(\d*))?(.?)/gsu, (_, flags: string, width, precision, verb) => {
    if (verb === '%') return '%'
    if (verb === '') throw new Error('the format ends in "%"')
    const value = values[next++]
    if (value === undefined) throw new Error(`%${verb} has no value`)
    return pad(formatOne(verb, value, flags, precision), flags, Number(width || 0), typeof value)
  })
  if (next < values.length) throw new Error(`${values.length - next} values are left over`)
  return text
}

function formatOne(verb: string, value: Value, flags: string, precision: string | undefined): string {
  const cut = (text: string) => (precision === undefined ? text : [...text].slice(0, Number(precision || 0)).join(''))
  if (verb === 'v') return typeof value === 'string' ? cut(value) : formatOne('d', value, flags, precision)
  if (typeof value === 'boolean') {
    if (verb === 't' || verb === 'd') return String(value)
  } else if (typeof value === 'number') {
    const sign = value < 0 ? '-' : flags.includes('+') ? '+' : flags.includes(' ') ? ' ' : ''
    const digits = (base: number) =>
      sign +
      Math.abs(value)
        .toString(base)
        .padStart(Number(precision ?? 0), '0')
    if (verb === 'd') return digits(10)
    if (verb === 'x') return digits(16)
    if (verb === 'X') return digits(16).toUpperCase()
  } else {
    if (verb === 's') return cut(value)
    if (verb === 'q') return JSON.stringify(cut(value))
    if (verb === 'x') return Buffer.from(value).toString('hex')
    if (verb === 'X') return Buffer.from(value).toString('hex').toUpperCase()
  }
  throw new Error(`%${verb} does not fit ${JSON.stringify(value)}`)
}

function pad(text: string, flags: string, width: number, type: string): string {
  const missing = Math.max(0, Math.min(width, 1000) - [...text].length)
  if (flags.includes('-')) return text + ' '.repeat(missing)
  if (!flags.includes('0')) return ' '.repeat(missing) + text
  const sign = type === 'number' && /^[-+ ]/.test(text) ? text.slice(0, 1) : ''
  return sign + '0'.repeat(missing) + text.slice(sign.length)
}

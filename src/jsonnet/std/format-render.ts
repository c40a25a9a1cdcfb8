import { fail } from '../machine.ts'
import { textOf } from '../operators.ts'
import { checkStringLength } from '../size-limits.ts'
import { lengthOf } from '../strings.ts'
import { typeOf } from '../type-of.ts'
import type { Value } from '../values.ts'
import type { FormatCode } from './format-codes.ts'

/** One value under one code, not yet padded with spaces. `label` names the value in messages. */
export function renderCode(
  value: Value,
  code: FormatCode,
  width: number,
  precision: number | undefined,
  label: string,
): string {
  const { flags, type } = code
  if (type === 's') return textOf(value)
  if (type === 'c') return renderCharacter(value)
  if (typeof value !== 'number') return fail(`Format required number at ${label}, got ${typeOf(value)}`)
  const zeros = flags.zero && !flags.left ? width : 0
  switch (type) {
    case 'd':
      return renderWhole(value <= -1, Math.floor(Math.abs(value)), zeros, precision ?? 0, flags, 10, '')
    case 'o':
      return renderWhole(
        value <= -1,
        Math.floor(Math.abs(value)),
        zeros,
        precision ?? 0,
        flags,
        8,
        flags.alt ? '0' : '',
      )
    case 'x':
      return renderHex(Math.floor(value), zeros, precision ?? 0, code)
    case 'f':
      return renderDecimal(value, zeros, flags, true, precision ?? 6)
    case 'e':
      return renderScientific(value, zeros, code, true, precision ?? 6)
    default:
      return renderGeneral(value, zeros, code, precision ?? 6)
  }
}

type Flags = FormatCode['flags']

function renderCharacter(value: Value): string {
  if (typeof value === 'number') return characterOf(value)
  if (typeof value !== 'string') return fail(`%c expected number / string, got: ${typeOf(value)}`)
  return lengthOf(value) === 1 ? value : fail(`%c expected 1-sized string got: ${lengthOf(value)}`)
}

/** The character of a code point; Go makes the replacement character of surrogates. */
export function characterOf(code: number): string {
  const point = Math.trunc(code)
  return point >= 0xd800 && point <= 0xdfff ? '\ufffd' : String.fromCodePoint(point)
}

function sign(negative: boolean, flags: Flags): string {
  return negative ? '-' : flags.plus ? '+' : flags.blank ? ' ' : ''
}

/** Digits by repeated division, which shows the same digits as the reference beyond 2^53 too. */
function digitsOf(magnitude: number, radix: number): string {
  if (magnitude <= Number.MAX_SAFE_INTEGER) return magnitude.toString(radix)
  let digits = ''
  for (let rest = magnitude; rest > 0; rest = Math.floor(rest / radix)) digits = (rest % radix).toString(radix) + digits
  return digits
}

function renderWhole(
  negative: boolean,
  magnitude: number,
  width: number,
  digitsMin: number,
  flags: Flags,
  radix: number,
  zeroPrefix: string,
): string {
  const digits = magnitude === 0 ? '0' : zeroPrefix + digitsOf(magnitude, radix)
  const room = width - (negative || flags.blank || flags.plus ? 1 : 0)
  checkStringLength(Math.max(room, digitsMin))
  return sign(negative, flags) + digits.padStart(Math.max(room, digitsMin), '0')
}

function renderHex(value: number, width: number, digitsMin: number, { flags, capitals }: FormatCode): string {
  const digits = digitsOf(Math.abs(value), 16)
  const negative = value < 0
  const room = width - (negative || flags.blank || flags.plus ? 1 : 0) - (flags.alt ? 2 : 0)
  checkStringLength(Math.max(room, digitsMin))
  const hex = (flags.alt ? '0x' : '') + digits.padStart(Math.max(room, digitsMin), '0')
  return sign(negative, flags) + (capitals ? hex.toUpperCase() : hex)
}

const unsigned: Flags = { alt: false, zero: false, left: false, blank: false, plus: false }

/** Decimal form. The arithmetic is that of the reference, so that rounding agrees in the last digit. */
function renderDecimal(value: number, width: number, flags: Flags, trailing: boolean, precision: number): string {
  const magnitude = Math.abs(value)
  const denominator = 10 ** precision
  const numerator = magnitude * denominator + 0.5
  const whole = Math.sign(magnitude) * Math.floor(numerator / denominator)
  const fraction = Math.floor(numerator) % denominator
  const point = precision === 0 && !flags.alt ? 0 : 1
  const text = renderWhole(value < 0, whole, width - precision - point, 0, flags, 10, '')
  if (precision === 0) return flags.alt ? `${text}.` : text
  if (!trailing && fraction === 0) return text
  const digits = renderWhole(false, fraction, precision, 0, unsigned, 10, '')
  return `${text}.${trailing ? digits : digits.replace(/0+$/, '')}`
}

function exponentOf(value: number): number {
  return value === 0 ? 0 : Math.floor(Math.log(Math.abs(value)) / Math.log(10))
}

function renderScientific(
  value: number,
  width: number,
  code: FormatCode,
  trailing: boolean,
  precision: number,
): string {
  const exponent = exponentOf(value)
  const digits = renderWhole(exponent < 0, Math.abs(exponent), 3, 0, { ...unsigned, plus: true }, 10, '')
  const suffix = (code.capitals ? 'E' : 'e') + digits
  // 10 ** -324 is zero, so the smallest numbers take a step more.
  const mantissa = exponent === -324 ? (value * 10) / 10 ** (exponent + 1) : value / 10 ** exponent
  return renderDecimal(mantissa, width - suffix.length, code.flags, trailing, precision) + suffix
}

function renderGeneral(value: number, width: number, code: FormatCode, precision: number): string {
  const exponent = exponentOf(value)
  const { alt } = code.flags
  if (exponent < -4 || exponent >= precision) return renderScientific(value, width, code, alt, precision - 1)
  return renderDecimal(value, width, code.flags, alt, precision - Math.max(1, exponent + 1))
}

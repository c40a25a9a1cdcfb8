import { compareValues } from '../compare.ts'
import { fail } from '../machine.ts'
import { checkNumber } from '../operators.ts'
import { typeOf } from '../type-of.ts'
import type { Value } from '../values.ts'
import { asBoolean, asNumber, type Definitions, define } from './define.ts'
import { modulo } from './operators.ts'
import { power, splitFloat } from './power.ts'

export const math: Definitions = {
  abs: define('n', (n: Value) => Math.abs(numberFor('std.abs expected number', n))),
  sign: define('n', (n: Value) => Math.sign(numberFor('std.sign expected number', n))),
  max: define('a b', (a: Value, b: Value) => {
    const [x, y] = pair('max', a, b)
    return x > y ? x : y
  }),
  min: define('a b', (a: Value, b: Value) => {
    const [x, y] = pair('min', a, b)
    return x < y ? x : y
  }),
  clamp: define('x minVal maxVal', (x: Value, minimum: Value, maximum: Value) => {
    if (compareValues(x, minimum) < 0) return minimum
    return compareValues(x, maximum) > 0 ? maximum : x
  }),
  pow: binary('x n', power),
  modulo: define('x y', (x: Value, y: Value) => modulo(asNumber(x), asNumber(y))),
  mod: define('a b', (a: Value, b: Value) => modulo(a, b)),
  exp: unary(Math.exp),
  log: unary(Math.log),
  log2: unary((x) => Math.log(x) / Math.log(2)),
  log10: unary((x) => Math.log(x) / Math.log(10)),
  sqrt: unary(Math.sqrt),
  hypot: binary('x y', Math.hypot),
  sin: unary(Math.sin),
  cos: unary(Math.cos),
  tan: unary(Math.tan),
  asin: unary(Math.asin),
  acos: unary(Math.acos),
  atan: unary(Math.atan),
  atan2: binary('y x', Math.atan2),
  deg2rad: unary((x) => (x * Math.PI) / 180),
  rad2deg: unary((x) => (x * 180) / Math.PI),
  floor: unary(Math.floor),
  ceil: unary(Math.ceil),
  // Halves are rounded away from zero.
  round: unary((x) => Math.sign(x) * Math.floor(Math.abs(x)) + (Math.abs(x) % 1 >= 0.5 ? Math.sign(x) : 0)),
  mantissa: unary((x) => splitFloat(x).fraction),
  exponent: unary((x) => splitFloat(x).exponent),
  isEven: test((x) => Math.trunc(x) % 2 === 0),
  isOdd: test((x) => Math.trunc(x) % 2 !== 0),
  isInteger: test((x) => Number.isInteger(x)),
  isDecimal: test((x) => !Number.isInteger(x)),
  xor: define('x y', (x: Value, y: Value) => asBoolean(x) !== asBoolean(y)),
  xnor: define('x y', (x: Value, y: Value) => asBoolean(x) === asBoolean(y)),
}

function unary(compute: (x: number) => number) {
  return define('x', (x: Value) => checkNumber(compute(asNumber(x))))
}

function binary(parameters: string, compute: (x: number, y: number) => number) {
  return define(parameters, (x: Value, y: Value) => checkNumber(compute(asNumber(x), asNumber(y))))
}

function test(holds: (x: number) => boolean) {
  return define('x', (x: Value) => holds(asNumber(x)))
}

function numberFor(expected: string, value: Value): number {
  return typeof value === 'number' ? value : fail(`${expected}, got ${typeOf(value)}`)
}

function pair(name: string, a: Value, b: Value): [number, number] {
  const x = numberFor(`std.${name} first param expected number`, a)
  return [x, numberFor(`std.${name} second param expected number`, b)]
}

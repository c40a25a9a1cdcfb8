import { fail } from '../machine.ts'
import { typeOf } from '../type-of.ts'
import { JsonnetArray, type Value } from '../values.ts'
import { asString, constantObject, type Definitions, define } from './define.ts'
import { parseJsonText } from './parse-json.ts'
import { parseYamlText } from './parse-yaml.ts'

export const parsing: Definitions = {
  parseInt: define('str', parseInteger),
  parseOctal: define('str', (text: Value) => parseNatural(text, 8, 'Not an octal number: ""')),
  parseHex: define('str', (text: Value) => parseNatural(text, 16, 'Not hexadecimal: ""')),
  parseJson: define('str', (text: Value) => fromJson(parseJsonText(asString(text)))),
  parseYaml: define('str', (text: Value) => fromJson(parseYamlText(asString(text)))),
}

function parseInteger(value: Value): number {
  const text = asString(value)
  if (!/^[+-]?[0-9]+$/.test(text)) fail(`${text} is not a base 10 integer`)
  const whole = BigInt(text.replace(/^\+/, ''))
  if (BigInt.asIntN(64, whole) !== whole) fail(`${text} is not a base 10 integer`)
  return Number(whole)
}

function parseNatural(value: Value, base: number, empty: string): number {
  if (typeof value !== 'string') return fail(`Expected string, got ${typeOf(value)}`)
  if (value === '') fail(empty)
  let number = 0
  for (const character of value) {
    const digit = digitOf(character.codePointAt(0) ?? 0)
    if (digit < 0 || digit >= base) fail(`${value} is not a base ${base} integer`)
    number = base * number + digit
  }
  return number
}

function digitOf(code: number): number {
  if (code >= 97) return code - 97 + 10
  return code >= 65 ? code - 65 + 10 : code - 48
}

/** Plain data as a value of the language. */
export function fromJson(data: unknown): Value {
  if (data === null || typeof data === 'boolean' || typeof data === 'number' || typeof data === 'string') return data
  if (Array.isArray(data)) return new JsonnetArray(data.map(fromJson))
  if (typeof data === 'object') {
    return constantObject(Object.entries(data).map(([name, value]) => [name, fromJson(value)] as const))
  }
  return fail(`Not a json type: ${typeof data}`)
}

import { equalValues } from '../compare.ts'
import { escapeJson } from '../escape-json.ts'
import { fail } from '../machine.ts'
import { goText } from '../number-text.ts'
import { textOf } from '../operators.ts'
import { checkArrayLength, checkStringLength, sized } from '../size-limits.ts'
import { charactersOf, lengthOf, sliceOf } from '../strings.ts'
import { typeOf } from '../type-of.ts'
import { force, JsonnetArray, type Value } from '../values.ts'
import { asInteger, asNumber, asString, type Definitions, define } from './define.ts'
import { format } from './format.ts'
import { characterOf } from './format-render.ts'

export const strings: Definitions = {
  char: define('n', char),
  codepoint: define('str', codepoint),
  substr: define('str from len', substr),
  startsWith: define('a b', startsWith),
  endsWith: define('a b', endsWith),
  lstripChars: define('str chars', (text: Value, chars: Value) => strip(text, chars, true, false)),
  rstripChars: define('str chars', (text: Value, chars: Value) => strip(text, chars, false, true)),
  stripChars: define('str chars', (text: Value, chars: Value) => strip(text, chars, true, true)),
  trim: define('str', (text: Value) => trim(asString(text))),
  stringChars: define('str', (text: Value) => {
    checkArrayLength(asString(text).length)
    return new JsonnetArray(charactersOf(asString(text)))
  }),
  isEmpty: define('str', (text: Value) => asString(text) === ''),
  equalsIgnoreCase: define('str1 str2', (a: Value, b: Value) => fold(asString(a)) === fold(asString(b))),
  split: define('str c', split),
  splitLimit: define('str c maxsplits', splitLimit),
  splitLimitR: define('str c maxsplits', splitLimitR),
  strReplace: define('str from to', strReplace),
  findSubstr: define('pat str', findSubstr),
  asciiUpper: define('str', (text: Value) => asString(text).replace(/[a-z]/g, (letter) => letter.toUpperCase())),
  asciiLower: define('str', (text: Value) => asString(text).replace(/[A-Z]/g, (letter) => letter.toLowerCase())),
  format: define('str vals', (text: Value, values: Value) => format(asString(text), values)),
  escapeStringJson: define('str_', (text: Value) => sized(escapeJson(textOf(text)))),
  escapeStringPython: define('str', (text: Value) => sized(escapeJson(textOf(text)))),
  escapeStringBash: define('str_', (text: Value) => sized(`'${textOf(text).replaceAll("'", `'"'"'`)}'`)),
  escapeStringDollars: define('str_', (text: Value) => textOf(text).replaceAll('$', '$$$$')),
  escapeStringXML: define('str_', (text: Value) =>
    textOf(text).replace(/[<>&"']/g, (char) => xmlEscapes[char] ?? char),
  ),
  resolvePath: define('f r', resolvePath),
}

const xmlEscapes: Readonly<Record<string, string>> = {
  '<': '&lt;',
  '>': '&gt;',
  '&': '&amp;',
  '"': '&quot;',
  "'": '&apos;',
}

function char(n: Value): string {
  const code = asNumber(n)
  if (code > 0x10ffff) fail(`Invalid unicode codepoint, got ${goText(code)}`)
  if (code < 0) fail(`Codepoints must be >= 0, got ${goText(code)}`)
  return characterOf(code)
}

function codepoint(value: Value): number {
  const text = asString(value)
  const length = lengthOf(text)
  return length === 1 ? (text.codePointAt(0) ?? 0) : fail(`codepoint takes a string of length 1, got length ${length}`)
}

function substr(text: Value, from: Value, length: Value): string {
  if (typeof text !== 'string') return fail(`substr first parameter should be a string, got ${typeOf(text)}`)
  if (typeof from !== 'number') return fail(`substr second parameter should be a number, got ${typeOf(from)}`)
  if (!Number.isInteger(from)) fail(`substr second parameter should be an integer, got ${from.toFixed(6)}`)
  if (from < 0) fail(`substr second parameter should be greater than zero, got ${from.toFixed(6)}`)
  if (typeof length !== 'number') return fail(`substr third parameter should be a number, got ${typeOf(length)}`)
  if ((length | 0) !== length) fail(`substr third parameter should be an integer, got ${length.toFixed(6)}`)
  if (length < 0) fail(`substr third parameter should be greater than zero, got ${length}`)
  return sliceOf(text, from, from + length)
}

function lengthAny(value: Value): number {
  if (value instanceof JsonnetArray) return value.elements.length
  return typeof value === 'string' ? lengthOf(value) : fail(`Unexpected type ${typeOf(value)}`)
}

/** Arrays are compared element by element, though only strings are documented. */
function startsWith(a: Value, b: Value): boolean {
  if (typeof a === 'string' && typeof b === 'string') return a.startsWith(b)
  if (lengthAny(a) < lengthAny(b)) return false
  return fail(`substr first parameter should be a string, got ${typeOf(typeof a === 'string' ? b : a)}`)
}

function endsWith(a: Value, b: Value): boolean {
  if (typeof a === 'string' && typeof b === 'string') return a.endsWith(b)
  if (lengthAny(a) < lengthAny(b)) return false
  return fail(`substr first parameter should be a string, got ${typeOf(typeof a === 'string' ? b : a)}`)
}

/** Takes characters off the ends as long as `chars`, a string or an array, has them. */
function strip(value: Value, chars: Value, fromLeft: boolean, fromRight: boolean): string {
  if (typeof value !== 'string') return fail(`Unexpected type ${typeOf(value)}, expected string`)
  const points = charactersOf(value)
  let start = 0
  let end = points.length
  while (fromLeft && start < end && hasCharacter(chars, points[start] ?? '')) start++
  while (fromRight && start < end && hasCharacter(chars, points[end - 1] ?? '')) end--
  return start === 0 && end === points.length ? value : points.slice(start, end).join('')
}

function hasCharacter(chars: Value, char: string): boolean {
  if (typeof chars === 'string') return chars.includes(char)
  if (!(chars instanceof JsonnetArray)) return fail('std.member first argument must be an array or a string')
  return chars.elements.some((element) => equalValues(force(element), char))
}

/** White space in the sense of Unicode, as Go's `TrimSpace` has it. */
function trim(text: string): string {
  return text
    .replace(/^[\s\u0085]+/u, '')
    .replace(/(?<![\s\u0085])[\s\u0085]+$/u, '')
    .replace(/^\ufeff+|\ufeff+$/g, '')
}

/** Letters that differ in case only become the same. */
function fold(text: string): string {
  return text.toUpperCase().toLowerCase()
}

function split(text: Value, separator: Value): JsonnetArray {
  if (typeof text !== 'string') return fail(`std.split first parameter must be a String, got ${typeOf(text)}`)
  if (typeof separator !== 'string') {
    return fail(`std.split second parameter must be a String, got ${typeOf(separator)}`)
  }
  if (separator === '') fail('std.split second parameter must have length 1 or greater, got 0')
  return new JsonnetArray(text.split(separator))
}

function splitArguments(name: string, text: Value, separator: Value, limit: Value): [string, string, number] {
  const given: [string, string, number] = [asString(text), asString(separator), asInteger(limit)]
  if (given[2] < -1) fail(`std.${name} third parameter should be -1 or non-negative, got ${given[2]}`)
  if (given[1] === '') fail(`std.${name} second parameter should have length 1 or greater, got 0`)
  return given
}

function splitLimit(textValue: Value, separatorValue: Value, limitValue: Value): JsonnetArray {
  const [text, separator, limit] = splitArguments('splitLimit', textValue, separatorValue, limitValue)
  const parts = text.split(separator)
  if (limit < 0 || parts.length <= limit + 1) return new JsonnetArray(parts)
  return new JsonnetArray([...parts.slice(0, limit), parts.slice(limit).join(separator)])
}

function splitLimitR(textValue: Value, separatorValue: Value, limitValue: Value): JsonnetArray {
  const [text, separator, limit] = splitArguments('splitLimitR', textValue, separatorValue, limitValue)
  const count = text.split(separator).length - 1
  const parts: string[] = []
  let rest = text
  for (let left = limit < 0 ? count : Math.min(limit, count); left > 0; left--) {
    const at = rest.lastIndexOf(separator)
    parts.unshift(rest.slice(at + separator.length))
    rest = rest.slice(0, Math.max(0, at))
  }
  return new JsonnetArray([rest, ...parts])
}

function strReplace(textValue: Value, fromValue: Value, toValue: Value): string {
  const text = asString(textValue)
  const from = asString(fromValue)
  const to = asString(toValue)
  if (from === '') fail("'from' string must not be zero length.")
  const parts = text.split(from)
  checkStringLength(text.length + (parts.length - 1) * to.length)
  return parts.join(to)
}

function findSubstr(pattern: Value, text: Value): JsonnetArray {
  if (typeof pattern !== 'string') {
    return fail(`findSubstr first parameter should be a string, got ${typeOf(pattern)}`)
  }
  if (typeof text !== 'string') return fail(`findSubstr second parameter should be a string, got ${typeOf(text)}`)
  const found: number[] = []
  if (pattern === '') return new JsonnetArray(found)
  const points = charactersOf(text)
  const isPlain = points.length === text.length
  for (let at = text.indexOf(pattern); at >= 0; at = text.indexOf(pattern, at + 1)) {
    found.push(isPlain ? at : lengthOf(text.slice(0, at)))
  }
  checkArrayLength(found.length)
  return new JsonnetArray(found)
}

function resolvePath(file: Value, relative: Value): string {
  const directory = asString(file).split('/').slice(0, -1)
  return [...directory, asString(relative)].join('/')
}

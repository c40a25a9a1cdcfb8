import { createHash } from 'node:crypto'
import { fail } from '../machine.ts'
import { typeOf } from '../type-of.ts'
import { force, JsonnetArray, type Value } from '../values.ts'
import { asArray, asInteger, asString, type Definitions, define } from './define.ts'

export const encoding: Definitions = {
  md5: hash('md5'),
  sha1: hash('sha1'),
  sha256: hash('sha256'),
  sha512: hash('sha512'),
  sha3: hash('sha3-512'),
  base64: define('input', (input: Value) => bytesToEncode(input).toString('base64')),
  base64Decode: define('str', (text: Value) => decodeBase64(text).toString('utf8')),
  base64DecodeBytes: define('str', (text: Value) => new JsonnetArray([...decodeBase64(text)])),
  encodeUTF8: define('str', (text: Value) => new JsonnetArray([...Buffer.from(asString(text), 'utf8')])),
  decodeUTF8: define('arr', (array: Value) => {
    const bytes = asArray(array).elements.map((element) => {
      const byte = asInteger(force(element))
      return byte >= 0 && byte <= 255 ? byte : fail(`Bytes must be integers in range [0, 255], got ${byte}`)
    })
    return Buffer.from(bytes).toString('utf8')
  }),
}

function hash(algorithm: string) {
  return define('s', (text: Value) => createHash(algorithm).update(asString(text), 'utf8').digest('hex'))
}

/** Strings by their UTF-8, though no character may be above 255; arrays by their numbers. */
function bytesToEncode(input: Value): Buffer {
  if (typeof input === 'string') {
    for (const character of input) checkByte(character.codePointAt(0) ?? 0)
    return Buffer.from(input, 'utf8')
  }
  if (!(input instanceof JsonnetArray)) {
    return fail(`base64 can only base64 encode strings / arrays of single bytes, got ${typeOf(input)}`)
  }
  const bytes = input.elements.map((element) => {
    const byte = force(element)
    if (typeof byte !== 'number' || (byte | 0) !== byte) {
      return fail(`base64 encountered a non-integer value in the array, got ${typeOf(byte)}`)
    }
    return checkByte(byte)
  })
  return Buffer.from(bytes)
}

function checkByte(code: number): number {
  if (code >= 0 && code <= 255) return code
  return fail(`base64 encountered invalid codepoint value in the array (must be 0 <= X <= 255), got ${code}`)
}

function decodeBase64(value: Value): Buffer {
  if (typeof value !== 'string') return fail(`base64DecodeBytes requires a string, got ${typeOf(value)}`)
  const length = Buffer.byteLength(value)
  if (length % 4 !== 0) {
    fail(`input string appears not to be a base64 encoded string. Wrong length found (${length})`)
  }
  const wrong = /[^A-Za-z0-9+/=]|=(?!=?$)/.exec(value)
  if (wrong !== null) {
    fail(`failed to decode: illegal base64 data at input byte ${Buffer.byteLength(value.slice(0, wrong.index))}`)
  }
  return Buffer.from(value, 'base64')
}

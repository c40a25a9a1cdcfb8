import { AgolaError } from '../../model/errors.ts'

const keyBytesMax = 1024
const segmentBytesMax = 255
const forbiddenCharacter = /[\u0000-\u001f\u007f\\]/u

/** Refuses with `objectKeyInvalid` what could escape a directory or be stored differently by two stores (spec/storage.md 2.6). */
export function checkObjectKey(key: string): void {
  const problem = key === '' ? 'it is empty' : findProblem(key)
  if (problem !== null) throw invalid('object key', key, problem)
}

/** Like a key, but it may be empty and may end anywhere within one. */
export function checkKeyPrefix(prefix: string): void {
  const problem = prefix === '' ? null : findProblem(`${prefix}x`)
  if (problem !== null) throw invalid('object key prefix', prefix, problem)
}

function findProblem(key: string): string | null {
  if (!key.isWellFormed()) return 'it is not valid Unicode'
  if (Buffer.byteLength(key) > keyBytesMax) return `it is longer than ${keyBytesMax} bytes`
  if (forbiddenCharacter.test(key)) return 'it has a backslash or a control character'
  if (key.startsWith('/')) return 'it starts with a slash'
  for (const segment of key.split('/')) {
    if (segment === '') return 'it has an empty segment'
    if (segment === '.' || segment === '..') return `it has the segment "${segment}"`
    if (Buffer.byteLength(segment) > segmentBytesMax) return `a segment is longer than ${segmentBytesMax} bytes`
  }
  return null
}

function invalid(what: string, key: string, problem: string): AgolaError {
  const shown = key.length > 80 ? `${key.slice(0, 80)}…` : key
  return new AgolaError('objectKeyInvalid', `${what} ${JSON.stringify(shown)} is invalid: ${problem}`, {
    details: { key },
  })
}

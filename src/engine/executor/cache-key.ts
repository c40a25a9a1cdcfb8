import { AgolaError } from '../model/errors.ts'

/** Of the full key as it is stored and sent, escaped. */
export const cacheKeyCharsMax = 200

/** The full key of a cache: prefix, `-` and rendered key. `cacheKeyInvalid` when the key is empty, or the full key too long once every
 *  byte but `A-Z a-z 0-9 - _ . ~ $ & + = : @` is written as `%XX`, which whoever stores or sends it does (spec/executor.md 12.2). */
export function fullCacheKey(prefix: string, renderedKey: string): string {
  const key = renderedKey.toWellFormed()
  if (key === '') throw new AgolaError('cacheKeyInvalid', 'the cache key is empty')
  const full = `${prefix}-${key}`
  const escapedChars = escapedLength(full)
  if (escapedChars <= cacheKeyCharsMax) return full
  const left = Math.max(0, cacheKeyCharsMax - escapedLength(`${prefix}-`))
  throw new AgolaError(
    'cacheKeyInvalid',
    `the cache key "${key.slice(0, 300)}" is too long: escaped it has ${escapedLength(key)} characters, ` +
      `and with its prefix ${escapedChars}, where ${cacheKeyCharsMax} are allowed; shorten it to ${left}`,
    { details: { length: escapedChars, max: cacheKeyCharsMax } },
  )
}

function escapedLength(text: string): number {
  let chars = 0
  for (const byte of Buffer.from(text)) chars += /[A-Za-z0-9\-_.~$&+=:@]/.test(String.fromCharCode(byte)) ? 1 : 3
  return chars
}

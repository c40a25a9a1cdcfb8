import { AgolaError } from '../model/errors.ts'

/** Of the full key as it is stored and sent. */
export const cacheKeyCharsMax = 200

/** The key under which a cache is stored: prefix, `-` and rendered key, with every byte but `A-Z a-z 0-9 - _ . ~ $ & + = : @` as `%XX`
 *  (spec/executor.md 12.2). `cacheKeyInvalid` when it is empty or too long. */
export function fullCacheKey(prefix: string, key: string): string {
  if (key === '') throw new AgolaError('cacheKeyInvalid', 'the cache key is empty')
  const full = escapeKey(`${prefix}-${key}`)
  if (full.length <= cacheKeyCharsMax) return full
  const left = Math.max(0, cacheKeyCharsMax - escapeKey(`${prefix}-`).length)
  throw new AgolaError(
    'cacheKeyInvalid',
    `the cache key "${key.slice(0, 300)}" is too long: escaped it has ${escapeKey(key).length} characters, ` +
      `and with its prefix ${full.length}, where ${cacheKeyCharsMax} are allowed; shorten it to ${left}`,
    { details: { length: full.length, max: cacheKeyCharsMax } },
  )
}

function escapeKey(text: string): string {
  let escaped = ''
  for (const byte of Buffer.from(text)) {
    const char = String.fromCharCode(byte)
    escaped += /[A-Za-z0-9\-_.~$&+=:@]/.test(char) ? char : `%${byte.toString(16).toUpperCase().padStart(2, '0')}`
  }
  return escaped
}

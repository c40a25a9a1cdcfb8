import type { DocumentPath } from './cursor.ts'
import type { DocumentSource } from './document-source.ts'

/** The document with all digits of its numbers: integers that a number cannot hold are bigints, what is no finite number is the text that
 *  a field of text would take it for. Values that several aliases stand for stay one value. */
export function exactValue(source: DocumentSource): unknown {
  const seen = new Map<object, unknown>()

  function exact(value: unknown, path: DocumentPath): unknown {
    if (typeof value === 'number') return exactNumber(value, path)
    if (typeof value !== 'object' || value === null) return value
    const known = seen.get(value)
    if (known !== undefined) return known
    const copy: unknown = Array.isArray(value)
      ? value.map((item: unknown, index) => exact(item, [...path, index]))
      : Object.fromEntries(Object.entries(value).map(([key, item]) => [key, exact(item, [...path, key])]))
    seen.set(value, copy)
    return copy
  }

  function exactNumber(value: number, path: DocumentPath): unknown {
    if (!Number.isFinite(value)) return String(value)
    if (!Number.isInteger(value) || Number.isSafeInteger(value)) return value
    const written = source.writtenAt(path)
    return written !== null && /^-?[1-9]\d*$/.test(written) ? BigInt(written) : value
  }

  return exact(source.value, [])
}

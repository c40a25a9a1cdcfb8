import { fail } from '../machine.ts'
import { shortestText } from '../number-text.ts'
import { sized } from '../size-limits.ts'
import { force, JsonnetArray, JsonnetObject, type Value } from '../values.ts'

/** JSON with indent, line end and separator of one's own. */
export function manifestJsonEx(value: Value, indent: string, newline: string, separator: string): string {
  const write = (value: Value, path: readonly string[], current: string): string => {
    if (value === null || typeof value === 'boolean') return String(value)
    if (typeof value === 'number') return shortestText(value)
    if (typeof value === 'string') return quote(value)
    const inner = current + indent
    if (value instanceof JsonnetArray) {
      const lines = value.elements.map((element, at) => inner + write(force(element), [...path, String(at)], inner))
      return sized(`[${newline}${lines.join(`,${newline}`)}${newline}${current}]`)
    }
    if (value instanceof JsonnetObject) {
      const lines = value.shape.visible().map(({ name }) => {
        return inner + quote(name) + separator + write(value.index(name), [...path, name], inner)
      })
      return sized(`{${newline}${lines.join(`,${newline}`)}${newline}${current}}`)
    }
    return fail(`tried to manifest function at [${path.join(' ')}]`)
  }
  return write(value, [], '')
}

/** JSON's own escapes only, and the two line ends that JavaScript once did not allow in strings. */
function quote(text: string): string {
  return JSON.stringify(text).replace(/[\u2028\u2029]/g, (char) => `\\u${char.charCodeAt(0).toString(16)}`)
}

import { escapeJson } from '../escape-json.ts'
import { fail } from '../machine.ts'
import { shortestText } from '../number-text.ts'
import { sized } from '../size-limits.ts'
import { force, JsonnetArray, JsonnetObject, type Value } from '../values.ts'

/** One YAML document. Strings that end a line become blocks, all others are quoted like JSON. */
export function manifestYaml(value: Value, indentArrays: boolean, quoteKeys: boolean): string {
  const write = (value: Value, path: readonly string[], current: string): string => {
    if (value === null || typeof value === 'boolean') return String(value)
    if (typeof value === 'number') return shortestText(value)
    if (typeof value === 'string') return text(value, current)
    if (value instanceof JsonnetArray) {
      if (value.elements.length === 0) return '[]'
      const items = value.elements.map((element, at) => {
        const item = force(element)
        const inner = isFilledArray(item) || item instanceof JsonnetObject ? `${current}  ` : current
        return `-${isFilledArray(item) ? `\n${inner}` : ' '}${write(item, [...path, String(at)], inner)}`
      })
      return sized(items.join(`\n${current}`))
    }
    if (!(value instanceof JsonnetObject)) return fail(`Tried to manifest function at [${path.join(' ')}]`)
    const entries = value.shape.visible()
    if (entries.length === 0) return '{}'
    const fields = entries.map(({ name }) => {
      const field = value.index(name)
      const key = quoteKeys || !isBare(name) ? escapeJson(name) : name
      const inner = isFilledObject(field) || (isFilledArray(field) && indentArrays) ? `${current}  ` : current
      const isBelow = isFilledObject(field) || isFilledArray(field)
      return `${key}:${isBelow ? `\n${inner}` : ' '}${write(field, [...path, name], inner)}`
    })
    return sized(fields.join(`\n${current}`))
  }
  return write(value, [], '')
}

function isFilledArray(value: Value): boolean {
  return value instanceof JsonnetArray && value.elements.length > 0
}

function isFilledObject(value: Value): boolean {
  return value instanceof JsonnetObject && value.shape.visible().length > 0
}

function text(value: string, current: string): string {
  if (value === '') return '""'
  if (!value.endsWith('\n')) return escapeJson(value)
  return ['|', ...value.slice(0, -1).split('\n')].join(`\n${current}  `)
}

const reserved = new Set(
  ['true', 'false', 'yes', 'no', 'on', 'off', 'y', 'n', '.nan', '-.inf', '+.inf', '.inf', 'null', '-', '---'].map(
    (word) => word.toLowerCase(),
  ),
)

/** A key that no reader could take for anything but a string: no number, date, boolean or null in disguise. */
function isBare(key: string): boolean {
  if (!/^[A-Za-z0-9_/.-]+$/.test(key) || reserved.has(key.toLowerCase())) return false
  const lower = key.toLowerCase()
  const dashes = key.split('-').length - 1
  if (/^[0-9-]+$/.test(key) && dashes === 2) return false
  if (/^[0-9_-]+$/.test(lower) && dashes < 2) return false
  if (/^-?0b[0-9b_-]*$/.test(lower) && key.length > 2) return false
  if (/^-?0x[0-9a-fx_-]*$/.test(lower) && key.length > 2 && dashes < 2) return false
  const points = key.split('.').length - 1
  const exponents = lower.split('e').length - 1
  return !(/^[0-9e._-]+$/.test(lower) && points === 1 && dashes < 3 && exponents < 2)
}

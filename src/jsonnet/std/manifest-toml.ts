import { escapeJson } from '../escape-json.ts'
import { fail } from '../machine.ts'
import { numberText } from '../number-text.ts'
import { sized } from '../size-limits.ts'
import { typeOf } from '../type-of.ts'
import { force, JsonnetArray, JsonnetObject, type Value } from '../values.ts'

type Path = readonly string[]

/** TOML: scalars and plain arrays first, then objects as tables and arrays of objects as arrays of tables. */
export function manifestToml(value: Value, indent: string): string {
  if (!(value instanceof JsonnetObject)) return fail(`TOML body must be an object. Got ${typeOf(value)}`)
  return new TomlWriter(indent).body(value, [], [], '')
}

/** `path` names tables, `at` is the place in the value, for messages. */
class TomlWriter {
  readonly #indent: string

  constructor(indent: string) {
    this.#indent = indent
  }

  body(object: JsonnetObject, path: Path, at: Path, current: string): string {
    const lines: string[] = []
    const sections = ['']
    for (const { name } of object.shape.visible()) {
      const value = object.index(name)
      const inner = [...at, name]
      if (value instanceof JsonnetObject) sections.push(this.#table(value, [...path, name], inner, current))
      else if (isTableArray(value)) sections.push(this.#tableArray(value, [...path, name], inner, current))
      else lines.push(...`${key(name)} = ${this.#value(value, inner, false)}`.split('\n'))
    }
    return sized((lines.length > 0 ? current : '') + lines.join(`\n${current}`) + sections.join('\n\n'))
  }

  #table(object: JsonnetObject, path: Path, at: Path, current: string): string {
    return `${current}[${path.map(key).join('.')}]${this.#tableBody(object, path, at, current)}`
  }

  #tableArray(array: JsonnetArray, path: Path, at: Path, current: string): string {
    const heading = `${current}[[${path.map(key).join('.')}]]`
    return array.elements
      .map((element, index) => {
        const object = force(element) as JsonnetObject
        return heading + this.#tableBody(object, path, [...at, String(index)], current)
      })
      .join('\n\n')
  }

  #tableBody(object: JsonnetObject, path: Path, at: Path, current: string): string {
    const newline = object.shape.visible().length > 0 ? '\n' : ''
    return newline + this.body(object, path, at, current + this.#indent)
  }

  #value(value: Value, at: Path, isInline: boolean): string {
    if (value === null) return fail(`Tried to manifest "null" at [${at.join(' ')}]`)
    if (typeof value === 'boolean') return String(value)
    if (typeof value === 'number') return numberText(value)
    if (typeof value === 'string') return escapeJson(value)
    if (value instanceof JsonnetArray) return this.#array(value, at, isInline)
    if (!(value instanceof JsonnetObject)) return fail(`Tried to manifest function at [${at.join(' ')}]`)
    const fields = value.shape
      .visible()
      .map(({ name }) => `${key(name)} = ${this.#value(value.index(name), [...at, name], true)}`)
    return sized(`{ ${fields.join(', ')} }`)
  }

  #array(array: JsonnetArray, at: Path, isInline: boolean): string {
    if (array.elements.length === 0) return '[]'
    const indent = isInline ? '' : this.#indent
    const separator = isInline ? ' ' : '\n'
    const values = array.elements.map(
      (element, index) => indent + this.#value(force(element), [...at, String(index)], true),
    )
    return sized(`[${separator}${values.join(`,${separator}`)}${separator}]`)
  }
}

function isTableArray(value: Value): value is JsonnetArray {
  if (!(value instanceof JsonnetArray) || value.elements.length === 0) return false
  return value.elements.every((element) => force(element) instanceof JsonnetObject)
}

function key(name: string): string {
  if (name === '') return "''"
  return /^[A-Za-z0-9_-]+$/.test(name) ? name : escapeJson(name)
}

import { isMap, isScalar, isSeq, LineCounter, parseDocument } from 'yaml'
import { AgolaError, messageOf } from '../engine/model/errors.ts'
import { nearestName } from '../engine/model/nearest-name.ts'
import type { FlagDefinition, FoundValue } from './flag-variables.ts'

/** Values of flags by name. `read` is the text of the file, or why it could not be read. `flagInvalid` with file, line, key and the way out. */
export function parseUserDefaults(path: string, read: unknown, definitions: unknown): Map<string, FoundValue> {
  if (typeof read !== 'string') throw refuse(`${path} cannot be read: ${messageOf(read)}`)
  const lineCounter = new LineCounter()
  // As variable files are read: `yes` and `on` are booleans.
  const { errors, contents } = parseDocument(read, { version: '1.1', lineCounter })
  const placeAt = (offset: number) => {
    const { line, col } = lineCounter.linePos(offset)
    return `${path}:${line}:${col}`
  }
  const [problem] = errors
  if (problem !== undefined)
    throw refuse(
      `${placeAt(problem.pos[0])} is no YAML: ${problem.message.split('\n')[0]} Mend it, or move the file away`,
    )
  if (contents === null || (isScalar(contents) && contents.value === null)) return new Map()
  if (!isMap(contents))
    throw refuse(`${placeAt(contents.range?.[0] ?? 0)} must hold flags and their values, such as "driver: host"`)
  const known = new Map(Object.entries(definitions as Record<string, FlagDefinition>))
  const found = new Map<string, FoundValue>()
  for (const { key, value } of contents.items) {
    const name = isScalar(key) ? String(key.value) : ''
    const from = `${isScalar(key) ? placeAt(key.range?.[0] ?? 0) : path} ${name}`
    const definition = known.get(name)
    if (definition === undefined)
      throw refuse(`${from} is no flag of directrun start; ${hintFor(name, [...known.keys()])}`)
    found.set(name, { value: checkedValue(value, definition, from), from })
  }
  return found
}

function hintFor(name: string, names: readonly string[]): string {
  const nearest = nearestName(name, names)
  return nearest === null ? 'agola directrun start --help lists them' : `did you mean ${nearest}?`
}

function checkedValue(node: unknown, { type, multiple, options }: FlagDefinition, from: string): FoundValue['value'] {
  if (type === 'boolean') {
    if (isScalar(node) && typeof node.value === 'boolean') return node.value
    throw refuse(`${from} must be true or false`)
  }
  const text = textOf(node)
  if (multiple !== true) {
    if (text !== null) return text
    throw refuse(`${from} must be ${options === undefined ? 'a text or a number' : `one of ${options.join(', ')}`}`)
  }
  const texts = isSeq(node) ? node.items.map(textOf) : [text]
  const items = texts.filter((item) => item !== null)
  if (items.length === texts.length) return items
  throw refuse(`${from} must be a list of texts`)
}

/** Numbers and booleans keep the spelling of the file. */
function textOf(node: unknown): string | null {
  if (!isScalar(node) || node.value === null) return null
  return typeof node.value === 'string' ? node.value : (node.source ?? String(node.value))
}

function refuse(message: string): AgolaError {
  return new AgolaError('flagInvalid', message)
}

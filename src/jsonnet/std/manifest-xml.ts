import { indexValue } from '../index-value.ts'
import { fail } from '../machine.ts'
import { textOf } from '../operators.ts'
import { sized } from '../size-limits.ts'
import { typeOf, unexpected } from '../type-of.ts'
import { force, JsonnetArray, JsonnetObject, type Value } from '../values.ts'

/** JsonML, `[tag, attributes, …children]` with the attributes optional, as XML. Nothing is escaped. */
export function manifestXml(value: Value): string {
  if (value instanceof JsonnetArray) return element(value)
  return fail(`Expected a JSONML value (an array), got ${typeOf(value)}`)
}

function element(value: Value): string {
  if (typeof value === 'string') return value
  const tag = indexValue(value, 0)
  if (!(value instanceof JsonnetArray)) return unexpected(value, 'array')
  if (typeof tag !== 'string') return fail(`Expected string or array, got ${typeOf(tag)}`)
  const [, second] = value.elements
  const forced = second === undefined ? undefined : force(second)
  const attributes = forced instanceof JsonnetObject ? forced : undefined
  const children = value.elements.slice(attributes === undefined ? 1 : 2).map((child) => element(force(child)))
  return sized(`<${tag}${attributes === undefined ? '' : attributeText(attributes)}>${children.join('')}</${tag}>`)
}

function attributeText(attributes: JsonnetObject): string {
  return attributes.shape
    .visible()
    .map(({ name }) => ` ${name}="${textOf(attributes.index(name))}"`)
    .join('')
}

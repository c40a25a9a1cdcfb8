const textLengthMax = 60
const keysMax = 5

/** What was found, for people: a quoted string, `the number 5`, `a list of 3 items`. */
export function describeValue(value: unknown): string {
  if (value === null || value === undefined) return 'null'
  if (typeof value === 'string') return quote(value)
  if (typeof value === 'number') return `the number ${value}`
  if (typeof value === 'boolean') return `the boolean ${value}`
  if (Array.isArray(value)) return value.length === 1 ? 'a list of 1 item' : `a list of ${value.length} items`
  const keys = Object.keys(value)
  if (keys.length === 0) return 'an empty object'
  const shown = keys.slice(0, keysMax).map((key) => shorten(key, textLengthMax))
  return `an object with ${keys.length === 1 ? 'the key' : 'the keys'} ${shown.join(', ')}${keys.length > keysMax ? ', …' : ''}`
}

/** The kind of a value only, where the value itself may be confidential. */
export function describeKind(value: unknown): string {
  if (typeof value === 'number') return 'a number'
  if (typeof value === 'boolean') return 'a boolean'
  if (typeof value === 'string') return 'a string'
  return describeValue(value)
}

export function quote(text: string): string {
  return JSON.stringify(shorten(text, textLengthMax))
}

function shorten(text: string, lengthMax: number): string {
  // A character has at most two units.
  const chars = [...text.slice(0, 2 * (lengthMax + 1))]
  return chars.length <= lengthMax ? text : `${chars.slice(0, lengthMax - 1).join('')}…`
}

type Schema = Record<string, unknown>

const annotations = new Set(['$schema', '$defs', 'title', 'description', 'default'])

/** Whether a value is valid, by the keywords of JSON Schema 2020-12 that our schema uses. An unknown keyword is an error. */
export function isValid(value: unknown, schema: Schema, root: Schema = schema): boolean {
  return Object.entries(schema).every(
    ([keyword, argument]) => annotations.has(keyword) || holds(keyword, argument, value, schema, root),
  )
}

function holds(keyword: string, argument: unknown, value: unknown, schema: Schema, root: Schema): boolean {
  const valid = (at: unknown, by: unknown): boolean => isValid(at, by as Schema, root)
  const list = (): Schema[] => argument as Schema[]
  switch (keyword) {
    case '$ref':
      return valid(value, (root.$defs as Schema)[String(argument).replace('#/$defs/', '')])
    case 'type':
      return [argument].flat().some((type) => isOfType(value, String(type)))
    case 'const':
      return value === argument
    case 'enum':
      return (argument as unknown[]).includes(value)
    case 'anyOf':
      return list().some((each) => valid(value, each))
    case 'oneOf':
      return list().filter((each) => valid(value, each)).length === 1
    case 'not':
      return !valid(value, argument)
    case 'propertyNames':
      return !isObject(value) || Object.keys(value).every((key) => valid(key, argument))
    case 'required':
      return !isObject(value) || (argument as string[]).every((key) => Object.hasOwn(value, key))
    case 'properties':
      return (
        !isObject(value) ||
        Object.entries(argument as Schema).every(([key, by]) => !Object.hasOwn(value, key) || valid(value[key], by))
      )
    case 'additionalProperties': {
      if (!isObject(value)) return true
      const known = Object.keys((schema.properties as Schema) ?? {})
      const others = Object.keys(value).filter((key) => !known.includes(key))
      return others.every((key) => argument !== false && valid(value[key], argument))
    }
    case 'items':
      return !Array.isArray(value) || value.every((item) => valid(item, argument))
    case 'minItems':
      return !Array.isArray(value) || value.length >= Number(argument)
    case 'minProperties':
      return !isObject(value) || Object.keys(value).length >= Number(argument)
    case 'maxProperties':
      return !isObject(value) || Object.keys(value).length <= Number(argument)
    case 'minLength':
      return typeof value !== 'string' || [...value].length >= Number(argument)
    case 'maxLength':
      return typeof value !== 'string' || [...value].length <= Number(argument)
    case 'minimum':
      return typeof value !== 'number' || value >= Number(argument)
    case 'maximum':
      return typeof value !== 'number' || value <= Number(argument)
    case 'pattern':
      return typeof value !== 'string' || new RegExp(String(argument), 'u').test(value)
    default:
      throw new Error(`the keyword ${keyword} is not known here`)
  }
}

function isOfType(value: unknown, type: string): boolean {
  if (type === 'null') return value === null
  if (type === 'array') return Array.isArray(value)
  if (type === 'object') return isObject(value)
  if (type === 'integer') return Number.isInteger(value)
  return typeof value === type
}

function isObject(value: unknown): value is Schema {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

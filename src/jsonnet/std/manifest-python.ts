import { escapeJson } from '../escape-json.ts'
import { fail } from '../machine.ts'
import { numberText } from '../number-text.ts'
import { sized } from '../size-limits.ts'
import { force, JsonnetArray, JsonnetObject, type Value } from '../values.ts'
import { asObject } from './define.ts'

/** A Python literal. */
export function manifestPython(value: Value): string {
  if (value === null) return 'None'
  if (typeof value === 'boolean') return value ? 'True' : 'False'
  if (typeof value === 'number') return numberText(value)
  if (typeof value === 'string') return escapeJson(value)
  if (value instanceof JsonnetArray) {
    return sized(`[${value.elements.map((element) => manifestPython(force(element))).join(', ')}]`)
  }
  if (value instanceof JsonnetObject) {
    const fields = value.shape.visible().map(({ name }) => `${escapeJson(name)}: ${manifestPython(value.index(name))}`)
    return sized(`{${fields.join(', ')}}`)
  }
  return fail('cannot manifest function')
}

/** An assignment a field. */
export function manifestPythonVars(value: Value): string {
  const object = asObject(value)
  const lines = object.shape.visible().map(({ name }) => `${name} = ${manifestPython(object.index(name))}`)
  return [...lines, ''].join('\n')
}

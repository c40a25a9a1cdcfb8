import { textOf } from '../operators.ts'
import { force, JsonnetArray, type Value } from '../values.ts'
import { asObject } from './define.ts'

/** `main` without heading, then each of `sections`. An array is one line an element. */
export function manifestIni(value: Value): string {
  const ini = asObject(value)
  const main = ini.shape.visible().some(({ name }) => name === 'main') ? bodyLines(ini.index('main')) : []
  const sections = asObject(ini.index('sections'))
  const lines = sections.shape.visible().flatMap(({ name }) => [`[${name}]`, ...bodyLines(sections.index(name))])
  return [...main, ...lines, ''].join('\n')
}

function bodyLines(body: Value): string[] {
  const object = asObject(body)
  return object.shape.visible().flatMap(({ name }) => {
    const value = object.index(name)
    const values = value instanceof JsonnetArray ? value.elements : [value]
    return values.map((one) => `${name} = ${textOf(force(one))}`)
  })
}

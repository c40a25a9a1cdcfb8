import { AgolaError } from '../../model/errors.ts'

/** A mistake at a place of the template, which the message names. */
export function templateError(template: string, offset: number, problem: string): AgolaError {
  const before = template.slice(0, offset)
  const line = before.split('\n').length
  const column = [...before.slice(before.lastIndexOf('\n') + 1)].length + 1
  return new AgolaError(
    'templateInvalid',
    `key template ${JSON.stringify(template)}, line ${line}, column ${column}: ${problem}`,
    {
      details: { template, line, column },
    },
  )
}

export function unsupported(template: string, offset: number, what: string): AgolaError {
  return templateError(template, offset, `unsupported template construct: ${what}`)
}

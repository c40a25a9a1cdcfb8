import { expect } from 'vitest'
import { type EvaluateOptions, evaluate, type JsonnetError, type JsonValue } from '../../src/jsonnet/index.ts'

/** The value of a program, which must have one. */
export function resultOf(source: string, options: EvaluateOptions = {}): JsonValue {
  const result = evaluate(source, { fileName: 'test', ...options })
  if (!result.ok) throw new Error(`${source}\n${result.error.firstLine}`)
  return result.value
}

/** The error of a program, which must have one. */
export function errorOf(source: string, options: EvaluateOptions = {}): JsonnetError {
  const result = evaluate(source, { fileName: 'test', ...options })
  if (result.ok) throw new Error(`${source} is ${result.text}`)
  return result.error
}

/** Programs with their values: `true` stands for a program that must be true, which reads best for equations. */
export function checkValues(cases: readonly (readonly [source: string, expected: JsonValue])[]): void {
  for (const [source, expected] of cases) expect(resultOf(source), source).toEqual(expected)
}

/** Programs with the first lines of their errors. */
export function checkErrors(cases: readonly (readonly [source: string, firstLine: string])[]): void {
  for (const [source, firstLine] of cases) expect(errorOf(source).firstLine, source).toBe(firstLine)
}

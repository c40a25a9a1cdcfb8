import { readdirSync, readFileSync } from 'node:fs'
import { dirname, join, normalize } from 'node:path'
import { parseArgs } from 'node:util'
import { type Binding, type EvaluateOptions, evaluate, type JsonnetError } from '../src/jsonnet/index.ts'
import { testNatives } from './jsonnet-natives.ts'

/** Runs a folder of conformance cases: `NAME.jsonnet` against `NAME.golden`, which is JSON or the text of an error.
 *  Prints each miss and the counts, and ends with 1 when a value or error case fails. */

const { positionals, values: flags } = parseArgs({
  allowPositionals: true,
  options: { 'first-lines': { type: 'boolean', default: false } },
})
const [folder] = positionals
if (folder === undefined) throw new Error('usage: node scripts/jsonnet-suite.ts FOLDER [--first-lines]')

const externalVariables: Record<string, Binding> = {
  stringVar: { text: '2 + 2' },
  codeVar: { code: '3 + 3' },
  errorVar: { code: "error 'xxx'" },
  staticErrorVar: { code: ')' },
  UndeclaredX: { code: 'x' },
  selfRecursiveVar: { code: '[42, std.extVar("selfRecursiveVar")[0] + 1]' },
  mutuallyRecursiveVar1: { code: '[42, std.extVar("mutuallyRecursiveVar2")[0] + 1]' },
  mutuallyRecursiveVar2: { code: '[42, std.extVar("mutuallyRecursiveVar1")[0] + 1]' },
}

const options: EvaluateOptions = {
  externalVariables,
  importFile: ({ importedFrom, path }) => {
    const name = normalize(join(dirname(importedFrom), path))
    return { name, content: readFileSync(join(folder, name.replace(/^testdata\//, ''))) }
  },
  nativeFunctions: testNatives,
}

const counts = { values: 0, valuesPassed: 0, errors: 0, errorsPassed: 0, firstLines: 0 }
const cases = readdirSync(folder)
  .filter((file) => file.endsWith('.golden'))
  .map((file) => file.slice(0, -'.golden'.length))

for (const name of cases) {
  const golden = readFileSync(join(folder, `${name}.golden`), 'utf8')
  const source = readFileSync(join(folder, `${name}.jsonnet`), 'utf8')
  const result = evaluate(source, { ...options, fileName: `testdata/${name}` })
  const expected = parseJson(golden)
  if (expected === undefined) checkError(name, golden, result.ok ? undefined : result.error)
  else checkValue(name, expected.value, result.ok ? { value: result.value } : { error: result.error })
}

function parseJson(text: string): { value: unknown } | undefined {
  try {
    return { value: JSON.parse(text) }
  } catch {
    return undefined
  }
}

function checkValue(name: string, expected: unknown, got: { value: unknown } | { error: JsonnetError }): void {
  counts.values++
  if ('value' in got && JSON.stringify(sorted(got.value)) === JSON.stringify(sorted(expected))) counts.valuesPassed++
  else console.log(`value ${name}: ${'error' in got ? got.error.firstLine : JSON.stringify(got.value).slice(0, 300)}`)
}

function checkError(name: string, golden: string, error: JsonnetError | undefined): void {
  counts.errors++
  if (error === undefined) {
    console.log(`error ${name}: evaluates`)
    return
  }
  counts.errorsPassed++
  const [wanted] = golden.split('\n')
  if (error.firstLine.split('\n')[0] === wanted) counts.firstLines++
  else if (flags['first-lines']) console.log(`first line ${name}\n  wanted ${wanted}\n  got    ${error.firstLine}`)
}

function sorted(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(sorted)
  if (typeof value !== 'object' || value === null) return value
  return Object.fromEntries(
    Object.entries(value)
      .sort(([a], [b]) => (a < b ? -1 : 1))
      .map(([key, item]) => [key, sorted(item)]),
  )
}

const { values, valuesPassed, errors, errorsPassed, firstLines } = counts
console.log(
  `values ${valuesPassed}/${values}, errors ${errorsPassed}/${errors}, first lines equal ${firstLines}/${errors}`,
)
if (valuesPassed < values || errorsPassed < errors) process.exitCode = 1

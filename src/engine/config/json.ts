import { jsonSource } from './json-source.ts'
import { duplicateHint, type JsonProblem, parseJson } from './json-text.ts'
import { fileProblem, type ReadResult } from './read-result.ts'
import { TextLines } from './text-lines.ts'

/** Reads a JSON document. What is no JSON but YAML, as with comments in it, is read with a warning: the reference reads it so. */
export async function readJson(file: string, text: string): Promise<ReadResult> {
  const { value, problem, duplicates } = parseJson(text)
  const lines = new TextLines(text)
  const report = ({ code, message, offset }: JsonProblem, options: { hint?: string } = {}) =>
    fileProblem(file, code, message, { lines, offset }, options)
  const repeated = duplicates.map((duplicate) => report(duplicate, { hint: duplicateHint }))
  if (problem === null) return { source: jsonSource(file, text, value), problems: repeated }
  if (problem.code !== 'syntax') return { source: null, problems: [...repeated, report(problem)] }
  const { readYaml } = await import('./yaml.ts')
  const yaml = await readYaml(file, text)
  if (yaml.source === null) return { source: null, problems: [...repeated, report(problem)] }
  const message = `this is no JSON: ${problem.message}; the file is read as YAML`
  const warning = fileProblem(
    file,
    'not_strict_json',
    message,
    { lines, offset: problem.offset },
    {
      severity: 'warning',
      hint: 'other tools will refuse the file; name it config.yml, or write plain JSON',
    },
  )
  return { source: yaml.source, problems: [warning, ...yaml.problems] }
}

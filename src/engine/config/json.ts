import { jsonSource } from './json-source.ts'
import { type JsonProblem, parseJson } from './json-text.ts'
import { fileProblem, type ReadResult } from './read-result.ts'
import { TextLines } from './text-lines.ts'

/** Reads a JSON document. What is no JSON but YAML, as with comments in it, is read with a warning: the reference reads it so. */
export async function readJson(file: string, text: string): Promise<ReadResult> {
  const { value, problem } = parseJson(text)
  if (problem === null) return { source: jsonSource(file, text, value), problems: [] }
  if (problem.code !== 'syntax') return refuse(file, text, problem)
  const { readYaml } = await import('./yaml.ts')
  const yaml = await readYaml(file, text)
  if (yaml.source === null) return refuse(file, text, problem)
  const place = { lines: new TextLines(text), offset: problem.offset }
  const message = `this is no JSON: ${problem.message}; the file is read as YAML`
  const warning = fileProblem(file, 'not_strict_json', message, place, {
    severity: 'warning',
    hint: 'other tools will refuse the file; name it config.yml, or write plain JSON',
  })
  return { source: yaml.source, problems: [warning, ...yaml.problems] }
}

function refuse(file: string, text: string, { code, message, offset }: JsonProblem): ReadResult {
  return { source: null, problems: [fileProblem(file, code, message, { lines: new TextLines(text), offset })] }
}

import { fileProblem, type ReadResult } from './read-result.ts'
import { TextLines } from './text-lines.ts'
import { yamlSource } from './yaml-source.ts'
import { isWarning, parseYaml, type YamlProblem } from './yaml-text.ts'

/** Reads a YAML document. */
export async function readYaml(file: string, text: string): Promise<ReadResult> {
  const { value, problems, tree } = await parseYaml(text)
  const lines = new TextLines(text)
  const reported = problems.map((problem) =>
    fileProblem(file, problem.code, problem.message, { lines, offset: problem.offset }, optionsOf(problem)),
  )
  const source = value === undefined ? null : await yamlSource(file, text, value, tree)
  return { source, problems: reported }
}

function optionsOf({ code, message }: YamlProblem): { severity?: 'warning'; hint?: string } {
  return { ...(isWarning(code) ? { severity: 'warning' } : {}), ...hintOf(code, message) }
}

function hintOf(code: YamlProblem['code'], message: string): { hint?: string } {
  if (code === 'several_documents') return { hint: 'write all runs into one document' }
  if (code === 'duplicate_key') return { hint: 'keep one of them; the reference takes the last' }
  if (code === 'converted_to_string') return { hint: 'put the key in quotes' }
  return message.startsWith('tabs are not allowed') ? { hint: 'indent with spaces' } : {}
}

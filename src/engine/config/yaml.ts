import { fileProblem, type ReadResult } from './read-result.ts'
import { TextLines } from './text-lines.ts'
import { yamlSource } from './yaml-source.ts'
import { parseYaml, type YamlProblem } from './yaml-text.ts'

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

function optionsOf({ isWarning, hint }: YamlProblem): { severity?: 'warning'; hint?: string } {
  return { ...(isWarning === true ? { severity: 'warning' } : {}), ...(hint == null ? {} : { hint }) }
}

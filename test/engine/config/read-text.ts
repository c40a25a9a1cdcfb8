import { readJson } from '../../../src/engine/config/json.ts'
import { type ParsedConfig, parseConfig } from '../../../src/engine/config/parse-config.ts'
import type { ConfigProblem } from '../../../src/engine/config/problem.ts'
import { countErrors, sortProblems } from '../../../src/engine/config/problem-list.ts'
import { readYaml } from '../../../src/engine/config/yaml.ts'

/** Reads, parses and checks a text as `config.yml`, or as `config.json`. */
export async function parseText(
  text: string,
  options: { strict?: boolean; json?: boolean } = {},
): Promise<ParsedConfig> {
  const file = options.json === true ? 'config.json' : 'config.yml'
  const { source, problems } = options.json === true ? await readJson(file, text) : await readYaml(file, text)
  if (source === null) return { config: null, problems: sortProblems(problems, file), moreProblems: 0, moreErrors: 0 }
  const parsed = await parseConfig(source, { strict: options.strict ?? false })
  return {
    ...parsed,
    config: countErrors(problems) > 0 ? null : parsed.config,
    problems: sortProblems([...problems, ...parsed.problems], file),
  }
}

/** A problem in one line: `error code 3:5 path`. */
export function brief({ severity, code, line, column, path }: ConfigProblem): string {
  return `${severity} ${code} ${line}:${column} ${path}`
}

export async function problemsIn(text: string, options: { strict?: boolean; json?: boolean } = {}): Promise<string[]> {
  return (await parseText(text, options)).problems.map(brief)
}

/** A task of a valid config, with `more` lines of YAML in it. The first of them is line 5, at column 9. */
export function taskWith(more: string): string {
  const lines = more.split('\n').map((line) => (line === '' ? '' : `        ${line}`))
  return `runs:
  - name: run
    tasks:
      - name: task
${lines.join('\n')}
        runtime: { containers: [{ image: busybox }] }
`
}

/** The steps of a task. The first is line 6; its text starts at column 13. */
export function stepsWith(steps: string): string {
  return taskWith(
    `steps:\n${steps
      .split('\n')
      .map((line) => (line === '' ? '' : `  ${line}`))
      .join('\n')}`,
  )
}

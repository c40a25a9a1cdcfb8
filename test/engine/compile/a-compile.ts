import { compileRuns } from '../../../src/engine/compile/compile.ts'
import type { CompiledRun, CompiledRuns, CompileInput, Variable } from '../../../src/engine/compile/compiled-run.ts'
import type { SourceContext } from '../../../src/engine/config/source-context.ts'
import type { RunConfigTask } from '../../../src/engine/model/run-config.ts'
import { parseText } from '../config/read-text.ts'

export const branchSource: SourceContext = {
  refType: 'branch',
  ref: 'refs/heads/main',
  branch: 'main',
  tag: '',
  pullRequestId: '',
  commitSha: '0123',
}

export const origin = {
  group: '/user/u/branch/main',
  cacheGroup: 'u-r',
  annotations: { run_type: 'user' },
  staticEnvironment: { CI: 'true' },
}

export async function compileText(
  text: string,
  variables: Record<string, Variable> = {},
  more: Partial<CompileInput> = {},
): Promise<CompiledRuns> {
  const { config, problems } = await parseText(text)
  if (config === null) throw new Error(problems.map(({ message }) => message).join('\n'))
  return compileRuns({
    config,
    source: branchSource,
    message: 'change',
    origin,
    variables: new Map(Object.entries(variables)),
    newTaskId: (name) => `id of ${name}`,
    ...more,
  })
}

/** A run of tasks with the given dependencies, in YAML. */
export function graphText(tasks: Record<string, string>, name = 'run'): string {
  const lines = Object.entries(tasks).map(
    ([task, depends]) => `      - { name: '${task}', depends: [${depends}], runtime: { containers: [{ image: b }] } }`,
  )
  return `  - name: ${name}\n    tasks:\n${lines.join('\n')}\n`
}

export function taskOf(run: Pick<CompiledRun, 'tasks'> | undefined, name: string): RunConfigTask {
  const task = Object.values(run?.tasks ?? {}).find((task) => task.name === name)
  if (task === undefined) throw new Error(`no task ${name}`)
  return task
}

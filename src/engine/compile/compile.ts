import { isCiSkipped } from '../config/ci-skip.ts'
import type { Config, ConfigRun } from '../config/config.ts'
import { type MatchWhen, whenMatcher } from '../config/when.ts'
import type { RunTaskId } from '../model/ids.ts'
import type { RunConfigTask } from '../model/run-config.ts'
import { compileTask } from './compile-task.ts'
import type { CompiledRun, CompiledRuns, CompileInput, RunOrigin } from './compiled-run.ts'
import { ValueResolver } from './resolve-values.ts'
import { setLevels, tasksById } from './run-graph.ts'

/** Turns a config into the runs to create for one ref and commit (spec/runconfig.md 3 and 7). */
export async function compileRuns(input: CompileInput): Promise<CompiledRuns> {
  const { config, source, message, origin } = input
  const resolver = new ValueResolver(input.variables)
  const matches = await whenMatcher(whensOf(config), source)
  const compiled: CompiledRuns = { runs: [], skipped: [], undefinedVariables: [] }
  for (const run of config.runs) {
    if (isCiSkipped(message)) compiled.skipped.push({ name: run.name, reason: 'ci_skip' })
    else if (!matches(run.when)) compiled.skipped.push({ name: run.name, reason: 'when' })
    else compiled.runs.push({ ...emptyRun(run.name, origin), tasks: compileTasks(run, input, matches, resolver) })
  }
  compiled.undefinedVariables = resolver.undefinedVariables()
  return compiled
}

/** The one run that tells why there are none: its config could not be used. It shares no caches. */
export function setupErrorRun(origin: RunOrigin, setupErrors: readonly string[]): CompiledRun {
  return { ...emptyRun('Setup Error', origin), cacheGroup: '', setupErrors: [...setupErrors] }
}

function emptyRun(name: string, origin: RunOrigin): CompiledRun {
  return {
    name,
    group: origin.group,
    cacheGroup: origin.cacheGroup,
    setupErrors: [],
    tasks: {},
    annotations: { ...origin.annotations },
    staticEnvironment: { ...origin.staticEnvironment },
    environment: {},
  }
}

function compileTasks(
  run: ConfigRun,
  input: CompileInput,
  matches: MatchWhen,
  resolver: ValueResolver,
): Record<RunTaskId, RunConfigTask> {
  const { config, newTaskId } = input
  const idOf = new Map(run.tasks.map(({ name }) => [name, newTaskId(name)]))
  const tasks = run.tasks.map((task): RunConfigTask => {
    const id = idOf.get(task.name) ?? ''
    return compileTask({ config, run, task, id, skip: !matches(task.when), resolver })
  })
  for (const [index, task] of tasks.entries()) {
    for (const { task: name, conditions } of run.tasks[index]?.depends ?? []) {
      const taskId = idOf.get(name)
      if (taskId !== undefined) task.depends[taskId] = { taskId, conditions: [...conditions] }
    }
  }
  const byId = tasksById(tasks)
  setLevels(byId)
  return byId
}

function* whensOf(config: Config) {
  for (const run of config.runs) {
    yield run.when
    for (const task of run.tasks) yield task.when
  }
}

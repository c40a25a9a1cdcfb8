import { AgolaError } from '../model/errors.ts'
import type { CompiledRun, UndefinedVariable } from './compiled-run.ts'

const usesNamedMax = 5

/** How a task that uses a variable is named. */
export function placeOfTask(run: { name: string }, task: { name: string }): string {
  return `task ${JSON.stringify(task.name)} of run ${JSON.stringify(run.name)}`
}

/** What the names of the places become in a sentence. */
export function describePlaces(usedBy: readonly string[]): string {
  const more = usedBy.length - usesNamedMax
  const named = usedBy.slice(0, usesNamedMax).join(', ')
  return more > 0 ? `${named} and ${more} more` : named
}

/** Those that tasks of these runs want which are not skipped. */
export function wantedVariables(
  undefinedVariables: readonly UndefinedVariable[],
  runs: readonly CompiledRun[],
): UndefinedVariable[] {
  const places = new Set(
    runs.flatMap((run) =>
      Object.values(run.tasks)
        .filter(({ skip }) => !skip)
        .map((task) => placeOfTask(run, task)),
    ),
  )
  return undefinedVariables
    .map(({ name, usedBy }) => ({ name, usedBy: usedBy.filter((place) => places.has(place)) }))
    .filter(({ usedBy }) => usedBy.length > 0)
}

/** `variableInvalid` with all of them, where there are some. */
export function refuseUndefined(wanted: readonly UndefinedVariable[]): void {
  if (wanted.length === 0) return
  const lines = wanted.map(({ name, usedBy }) => `  ${name}, wanted by ${describePlaces(usedBy)}`)
  throw new AgolaError(
    'variableInvalid',
    `variables that nobody gave:\n${lines.join('\n')}\nGive them with --var NAME=VALUE or --secret NAME`,
    { details: { names: wanted.map(({ name }) => name) } },
  )
}

/** Tells a person what was left empty. */
export function emptyVariableText({ name, usedBy }: UndefinedVariable): string {
  const want = usedBy.length === 1 ? 'wants' : 'want'
  return `the variable ${name} is not given and empty: ${describePlaces(usedBy)} ${want} it (--var ${name}=…)`
}

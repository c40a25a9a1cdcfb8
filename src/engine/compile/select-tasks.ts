import { ancestorsOf } from '../config/dag.ts'
import { AgolaError } from '../model/errors.ts'
import type { RunTaskId } from '../model/ids.ts'
import { nearestName } from '../model/nearest-name.ts'
import type { RunConfigTask } from '../model/run-config.ts'
import type { CompiledRun, TaskSelection } from './compiled-run.ts'
import { parentsOf, setLevels, tasksById } from './run-graph.ts'

const namesListedMax = 20

/** A run of the config that is not for this ref. */
export interface SkippedRun {
  name: string
  /** Names. */
  tasks: readonly string[]
}

/** Keeps the chosen runs, and of them the chosen tasks with everything these depend on, or only these. Runs without a chosen task
 *  are left out. A task no longer waits for one that was left out. `flagInvalid` for a name that no run has, `skipped` ones included. */
export function selectTasks(
  runs: readonly CompiledRun[],
  selection: TaskSelection,
  skipped: readonly SkippedRun[] = [],
): CompiledRun[] {
  checkNames(
    'run',
    selection.runs,
    [...runs, ...skipped].map(({ name }) => name),
  )
  const isChosen = ({ name }: { name: string }) => selection.runs.length === 0 || selection.runs.includes(name)
  const chosen = runs.filter(isChosen)
  if (selection.tasks.length === 0) return chosen
  const names = chosen.flatMap((run) => Object.values(run.tasks).map(({ name }) => name))
  checkNames('task', selection.tasks, [...names, ...skipped.filter(isChosen).flatMap(({ tasks }) => tasks)])
  return chosen.map((run) => keepTasks(run, selection)).filter(({ tasks }) => Object.keys(tasks).length > 0)
}

/** Those that would have been chosen. */
export function selectSkipped<Run extends SkippedRun>(skipped: readonly Run[], selection: TaskSelection): Run[] {
  const { runs, tasks } = selection
  return skipped.filter(
    (run) =>
      (runs.length === 0 || runs.includes(run.name)) &&
      (tasks.length === 0 || run.tasks.some((name) => tasks.includes(name))),
  )
}

function keepTasks(run: CompiledRun, selection: TaskSelection): CompiledRun {
  const all = Object.values(run.tasks)
  const wanted = all.flatMap(({ name }, index) => (selection.tasks.includes(name) ? [index] : []))
  const needed = selection.only ? [] : ancestorsOf(parentsOf(all), wanted)
  const kept = new Set([...wanted, ...needed])
  return keepOnly(run, new Set([...kept].map((index) => all[index]?.id ?? '')))
}

/** The run with these tasks alone, which no longer wait for others. */
export function keepOnly(run: CompiledRun, ids: ReadonlySet<RunTaskId>): CompiledRun {
  const tasks = Object.values(run.tasks)
    .filter(({ id }) => ids.has(id))
    .map((task): RunConfigTask => {
      return { ...task, depends: Object.fromEntries(Object.entries(task.depends).filter(([id]) => ids.has(id))) }
    })
  const byId = tasksById(tasks)
  setLevels(byId)
  return { ...run, tasks: byId }
}

function checkNames(kind: 'run' | 'task', wanted: readonly string[], known: readonly string[]): void {
  const names = [...new Set(known)]
  const unknown = wanted.filter((name) => !names.includes(name))
  const [first] = unknown
  if (first === undefined) return
  const guess = nearestName(first, names)
  const shown = names.slice(0, namesListedMax).map((name) => JSON.stringify(name))
  const more = names.length > shown.length ? `, and ${names.length - shown.length} more` : ''
  const list = names.length === 0 ? `there are no ${kind}s` : `the ${kind}s are: ${shown.join(', ')}${more}`
  const missing = unknown.map((name) => JSON.stringify(name)).join(', ')
  const question = guess === null ? '' : ` Did you mean ${JSON.stringify(guess)}?`
  throw new AgolaError(
    'flagInvalid',
    `there is no ${kind} ${missing}.${question} ${list[0]?.toUpperCase()}${list.slice(1)}`,
    {
      details: { unknown, known: names.slice(0, namesListedMax) },
    },
  )
}

import { nearestName } from '../model/nearest-name.ts'
import type { Cursor } from './cursor.ts'
import { findCycles, findRedundantEdges } from './dag.ts'
import { quote } from './describe-value.ts'
import type { PlacedTask } from './parse-task.ts'
import type { ProblemList } from './problem-list.ts'

/** Looking for similar names among all tasks costs more than the check itself. */
const suggestionsMax = 20
const namesMax = 5

/** The dependencies of the tasks of one run: they exist, once each, without cycles, none implied by another (spec/config.md 9, V15 to V18). */
export function checkDepends(tasks: readonly PlacedTask[], problems: ProblemList): void {
  const indexOf = new Map<string, number>()
  for (const [index, { task }] of tasks.entries()) {
    if (task.name !== '' && !indexOf.has(task.name)) indexOf.set(task.name, index)
  }
  const parents = checkNames(tasks, indexOf, problems)
  reportCycles(tasks, parents, problems)
  reportRedundant(tasks, parents, problems)
}

/** Parents by index, each once. */
function checkNames(
  tasks: readonly PlacedTask[],
  indexOf: ReadonlyMap<string, number>,
  problems: ProblemList,
): number[][] {
  let suggestions = 0
  return tasks.map(({ depends }) => {
    const parents = new Set<number>()
    for (const { cursor, task } of depends) {
      const index = indexOf.get(task)
      if (index === undefined)
        reportMissing(cursor, task, suggestions++ < suggestionsMax ? [...indexOf.keys()] : [], problems)
      else if (parents.has(index))
        problems.error(cursor, 'dependency_duplicate', `the task depends on ${quote(task)} twice`)
      else parents.add(index)
    }
    return [...parents]
  })
}

function reportMissing(cursor: Cursor, name: string, candidates: readonly string[], problems: ProblemList): void {
  const guess = nearestName(name, candidates)
  problems.error(cursor, 'dependency_missing', `the run has no task ${quote(name)} to depend on`, {
    hint: guess === null ? listOf(candidates) : `did you mean ${quote(guess)}?`,
  })
}

function listOf(all: readonly string[]): string | null {
  if (all.length === 0) return null
  const shown = all.slice(0, namesMax).map(quote)
  return `the tasks are: ${shown.join(', ')}${all.length > namesMax ? ', …' : ''}`
}

function reportCycles(tasks: readonly PlacedTask[], parents: readonly number[][], problems: ProblemList): void {
  for (const { node, dependents } of findCycles(parents)) {
    const placed = tasks[node]
    if (placed === undefined) continue
    const names = dependents.map((dependent) => nameOf(tasks, dependent))
    const shown = names.length > namesMax ? [...names.slice(0, namesMax), `${names.length - namesMax} more`] : names
    problems.error(
      dependsOf(placed),
      'dependency_circular',
      `the task depends on itself, through ${shown.join(', ')}`,
      {
        hint: 'remove one dependency of the circle',
        atKey: true,
      },
    )
  }
}

function reportRedundant(tasks: readonly PlacedTask[], parents: readonly number[][], problems: ProblemList): void {
  for (const { node, redundant, implying } of findRedundantEdges(parents)) {
    const name = tasks[redundant]?.task.name
    const at = tasks[node]?.depends.find(({ task }) => task === name)?.cursor
    if (at === undefined || name === undefined) continue
    const text = `the dependency on ${quote(name)} is redundant: ${nameOf(tasks, implying)} already depends on it`
    problems.error(at, 'dependency_redundant', text, { hint: `leave ${quote(name)} out` })
  }
}

function nameOf(tasks: readonly PlacedTask[], index: number): string {
  return quote(tasks[index]?.task.name ?? '')
}

function dependsOf({ cursor, depends }: PlacedTask): Cursor {
  return depends[0]?.cursor.parent ?? cursor
}

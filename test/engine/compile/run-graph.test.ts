import { expect, test } from 'vitest'
import { checkRunGraph, parentsOf, setLevels } from '../../../src/engine/compile/run-graph.ts'
import type { RunConfigTask } from '../../../src/engine/model/run-config.ts'
import { compileText, graphText, taskOf } from './a-compile.ts'

/** Tasks whose ids differ from their names, with the given parents. */
async function tasksOf(graph: Record<string, string[]>): Promise<Record<string, RunConfigTask>> {
  const { runs } = await compileText(
    `runs:\n${graphText(Object.fromEntries(Object.keys(graph).map((name) => [name, ''])))}`,
  )
  for (const [name, parents] of Object.entries(graph)) {
    for (const parent of parents)
      taskOf(runs[0], name).depends[`id of ${parent}`] = { taskId: `id of ${parent}`, conditions: ['on_success'] }
  }
  return runs[0]?.tasks ?? {}
}

test('a sound graph has no errors and gets its levels', async () => {
  const tasks = await tasksOf({ a: ['b', 'c'], b: ['d'], c: ['d'], d: [] })
  expect(checkRunGraph(tasks)).toEqual([])
  expect(setLevels(tasks)).toBe(true)
  expect(Object.values(tasks).map(({ level }) => level)).toEqual([2, 1, 1, 0])
})

test('circles name tasks, and leave levels alone', async () => {
  const tasks = await tasksOf({ a: ['b'], b: ['c'], c: ['b'] })
  expect(checkRunGraph(tasks)).toEqual([
    'circular dependency: task "b" is needed by "c", which it depends on',
    'circular dependency: task "c" is needed by "b", which it depends on',
  ])
  expect(setLevels(tasks)).toBe(false)
  expect(Object.values(tasks).map(({ level }) => level)).toEqual([0, 0, 0])
})

test('redundant dependencies name all three tasks', async () => {
  expect(checkRunGraph(await tasksOf({ a: [], b: ['a'], c: ['b'], d: ['c', 'a'] }))).toEqual([
    'redundant dependency: task "d" depends on "a", and on "c", which depends on it already',
  ])
})

test('ids that do not exist are left out', async () => {
  const tasks = await tasksOf({ a: ['nobody'], b: ['a', 'nobody'] })
  expect(parentsOf(Object.values(tasks))).toEqual([[], [0]])
  expect(checkRunGraph(tasks)).toEqual([])
  expect(setLevels(tasks)).toBe(true)
})

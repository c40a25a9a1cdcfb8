import { expect, test } from 'vitest'
import { parentsOf, setLevels } from '../../../src/engine/compile/run-graph.ts'
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

test('the level of a task is one above the highest of those that it depends on', async () => {
  const tasks = await tasksOf({ a: ['b', 'c'], b: ['d'], c: [], d: [] })
  setLevels(tasks)
  expect(Object.values(tasks).map(({ level }) => level)).toEqual([2, 1, 0, 0])
})

test('a circle leaves levels alone', async () => {
  const tasks = await tasksOf({ a: ['b'], b: ['c'], c: ['b'] })
  taskOf({ tasks }, 'a').level = 7
  setLevels(tasks)
  expect(Object.values(tasks).map(({ level }) => level)).toEqual([7, 0, 0])
})

test('ids that do not exist are left out', async () => {
  const tasks = await tasksOf({ a: ['nobody'], b: ['a', 'nobody'] })
  expect(parentsOf(Object.values(tasks))).toEqual([[], [0]])
  setLevels(tasks)
  expect(Object.values(tasks).map(({ level }) => level)).toEqual([0, 1])
})

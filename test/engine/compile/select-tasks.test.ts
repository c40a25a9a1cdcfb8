import { expect, test } from 'vitest'
import { selectTasks } from '../../../src/engine/compile/select-tasks.ts'
import { compileText, graphText, taskOf } from './a-compile.ts'

const all = { runs: [], tasks: [], only: false }
const compiled = () =>
  compileText(
    `runs:\n${graphText({ lint: '', build: '', test: 'build', deploy: 'test, lint' }, 'ci')}${graphText({ build: '', ship: 'build' }, 'release')}`,
  ).then(({ runs }) => runs)

async function names(selection: {
  runs?: string[]
  tasks?: string[]
  only?: boolean
}): Promise<Record<string, string[]>> {
  const runs = selectTasks(await compiled(), { ...all, ...selection })
  return Object.fromEntries(runs.map((run) => [run.name, Object.values(run.tasks).map(({ name }) => name)]))
}

test('without a selection everything is kept', async () => {
  const runs = await compiled()
  expect(selectTasks(runs, all)).toEqual(runs)
})

test('runs by name', async () => {
  expect(await names({ runs: ['release'] })).toEqual({ release: ['build', 'ship'] })
  expect(await names({ runs: ['release', 'ci'] })).toEqual({
    ci: ['lint', 'build', 'test', 'deploy'],
    release: ['build', 'ship'],
  })
})

test('tasks with what they depend on, in every run that has them', async () => {
  expect(await names({ tasks: ['test'] })).toEqual({ ci: ['build', 'test'] })
  expect(await names({ tasks: ['deploy'] })).toEqual({ ci: ['lint', 'build', 'test', 'deploy'] })
  expect(await names({ tasks: ['build'] })).toEqual({ ci: ['build'], release: ['build'] })
  expect(await names({ tasks: ['build', 'ship'], runs: ['release'] })).toEqual({ release: ['build', 'ship'] })
})

test('only these tasks: they no longer wait for what was left out', async () => {
  const runs = selectTasks(await compiled(), { runs: [], tasks: ['deploy', 'lint'], only: true })
  expect(Object.values(runs[0]?.tasks ?? {}).map(({ name, level }) => [name, level])).toEqual([
    ['lint', 0],
    ['deploy', 1],
  ])
  expect(Object.keys(taskOf(runs[0], 'deploy').depends)).toEqual(['id of lint'])
  expect(await names({ tasks: ['test'], only: true })).toEqual({ ci: ['test'] })
})

test('what was compiled is not changed', async () => {
  const runs = await compiled()
  const before = structuredClone(runs)
  selectTasks(runs, { runs: [], tasks: ['deploy'], only: true })
  expect(runs).toEqual(before)
})

test.each([
  [
    { tasks: ['tset'] },
    'no task "tset" for this ref. Did you mean "test"? The tasks are: "lint", "build", "test", "deploy", "ship"',
    ['tset'],
  ],
  [
    { tasks: ['x', 'build', 'yyy'] },
    'no task "x", "yyy" for this ref. The tasks are: "lint", "build", "test", "deploy", "ship"',
    ['x', 'yyy'],
  ],
  [{ runs: ['cj'] }, 'no run "cj" for this ref. Did you mean "ci"? The runs are: "ci", "release"', ['cj']],
  [
    { runs: ['ci'], tasks: ['ship'] },
    'no task "ship" for this ref. The tasks are: "lint", "build", "test", "deploy"',
    ['ship'],
  ],
])('names that are not there: %j', async (selection, message, unknown) => {
  await expect(names(selection)).rejects.toMatchObject({ code: 'flagInvalid', message, details: { unknown } })
})

test('a long list is cut, an empty one is said to be', async () => {
  const tasks = Object.fromEntries(Array.from({ length: 25 }, (_, index) => [`task number ${index}`, '']))
  const { runs } = await compileText(`runs:\n${graphText(tasks)}`)
  expect(() => selectTasks(runs, { ...all, tasks: ['zzz'] })).toThrow(/"task number 19", and 5 more$/)
  expect(() => selectTasks(runs, { ...all, tasks: ['zzz'] })).toThrow(
    expect.objectContaining({ details: { unknown: ['zzz'], known: Object.keys(tasks).slice(0, 20) } }),
  )
  expect(() => selectTasks([], { ...all, runs: ['a'] })).toThrow('no run "a" for this ref. There are no runs')
})

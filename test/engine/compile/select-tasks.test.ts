import { describe, expect, it, test } from 'vitest'
import { selectSkipped, selectTasks } from '../../../src/engine/compile/select-tasks.ts'
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
    'there is no task "tset". Did you mean "test"? The tasks are: "lint", "build", "test", "deploy", "ship"',
    ['tset'],
  ],
  [
    { tasks: ['x', 'build', 'yyy'] },
    'there is no task "x", "yyy". The tasks are: "lint", "build", "test", "deploy", "ship"',
    ['x', 'yyy'],
  ],
  [{ runs: ['cj'] }, 'there is no run "cj". Did you mean "ci"? The runs are: "ci", "release"', ['cj']],
  [
    { runs: ['ci'], tasks: ['ship'] },
    'there is no task "ship". The tasks are: "lint", "build", "test", "deploy"',
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
  expect(() => selectTasks([], { ...all, runs: ['a'] })).toThrow('there is no run "a". There are no runs')
})

describe('runs that are not for this ref', () => {
  const skipped = [
    { name: 'tagged', tasks: ['publish', 'build'] },
    { name: 'nightly', tasks: ['soak'] },
  ]
  const namesSkipped = (selection: object) => selectSkipped(skipped, { ...all, ...selection }).map(({ name }) => name)

  it('can be named, and so can their tasks', async () => {
    const runs = await compiled()
    expect(selectTasks(runs, { ...all, runs: ['tagged'] }, skipped)).toEqual([])
    expect(selectTasks(runs, { ...all, tasks: ['publish'] }, skipped)).toEqual([])
    expect(selectTasks(runs, { ...all, runs: ['ci', 'tagged'] }, skipped).map(({ name }) => name)).toEqual(['ci'])
    expect(() => selectTasks(runs, { ...all, runs: ['taged'] }, skipped)).toThrow('Did you mean "tagged"?')
    expect(() => selectTasks(runs, { ...all, runs: ['tagged'], tasks: ['soak'] }, skipped)).toThrow(
      'there is no task "soak". The tasks are: "publish", "build"',
    )
  })

  it('are told apart by what was chosen', () => {
    expect(namesSkipped({})).toEqual(['tagged', 'nightly'])
    expect(namesSkipped({ runs: ['nightly'] })).toEqual(['nightly'])
    expect(namesSkipped({ tasks: ['build'] })).toEqual(['tagged'])
    expect(namesSkipped({ runs: ['nightly'], tasks: ['build'] })).toEqual([])
  })
})

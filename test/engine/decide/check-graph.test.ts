import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { checkGraph, withLevels } from '../../../src/engine/decide/check-graph.ts'
import { ancestors, buildRunGraph } from '../../../src/engine/decide/run-graph.ts'
import { aTask } from '../../support/a-run-config.ts'

/** `{a: 'bc'}`: a depends on b and on c. */
function graph(depends: Record<string, string>) {
  return Object.fromEntries(
    Object.entries(depends).map(([name, parents]) => [name, aTask({ name, depends: [...parents] })]),
  )
}

describe('levels', () => {
  function check(depends: Record<string, string>, expected: Record<string, number>): void {
    const tasks = Object.values(withLevels(graph(depends)))
    expect(Object.fromEntries(tasks.map((task) => [task.name, task.level]))).toEqual(expected)
  }

  it('are 0 for a single task', () => check({ a: '' }, { a: 0 }))
  it('are 0 for every task without parents', () => check({ a: '', b: '' }, { a: 0, b: 0 }))
  it('are one above the parent', () => check({ a: 'b', b: '' }, { a: 1, b: 0 }))
  it('are 0 on a cycle and behind one, where there are none', () =>
    check({ a: 'b', b: 'c', c: 'b', d: '', e: 'd', f: 'de' }, { a: 0, b: 0, c: 0, d: 0, e: 1, f: 2 }))
  it('replace those that tasks came with', () =>
    expect(withLevels({ a: aTask({ name: 'a', level: 9 }) }).a?.level).toBe(0))
  it('are one above the highest parent', () => check({ a: 'bd', b: '', c: '', d: 'c' }, { a: 2, b: 0, c: 0, d: 1 }))
})

describe('ancestors', () => {
  function check(depends: Record<string, string>, expected: Record<string, string>): void {
    const run = buildRunGraph(graph(depends))
    for (const [id, found] of Object.entries(expected)) expect(ancestors(run, id).sort()).toEqual([...found])
  }

  it('of a task without parents are none', () => check({ a: '', b: '' }, { a: '', b: '' }))
  it('of a task that waits for itself are itself', () => check({ a: 'a' }, { a: 'a' }))
  it('are found over several levels', () =>
    check({ a: 'bc', b: 'd', c: 'de', d: '', e: '' }, { a: 'bcde', b: 'd', c: 'de', d: '' }))
  it('end on a cycle and include the task on it', () => check({ a: 'b', b: 'c', c: 'a' }, { a: 'abc', b: 'abc' }))
  it('of a task behind a cycle do not include the task', () => check({ a: 'b', b: 'c', c: 'b' }, { a: 'bc', b: 'bc' }))
})

describe('the check of a graph', () => {
  const check = (depends: Record<string, string>, expected: RegExp[]) => {
    const problems = checkGraph(graph(depends))
    expect(problems).toHaveLength(expected.length)
    for (const [index, pattern] of expected.entries()) expect(problems[index]).toMatch(pattern)
  }

  it('finds nothing wrong without dependencies', () => check({ a: '', b: '' }, []))
  it('finds nothing wrong with a pair', () => check({ a: 'b', b: '' }, []))
  it('names both tasks of a cycle of two', () => check({ a: 'b', b: 'a' }, [/"a".*through "b"/, /"b".*through "a"/]))
  it('names each task of a cycle of three and who depends on it', () =>
    check({ a: 'b', b: 'c', c: 'a' }, [/"a".*through "c"/, /"b".*through "a"/, /"c".*through "b"/]))
  it('does not name a task behind a cycle', () => check({ a: 'b', b: 'c', c: 'b' }, [/"b".*"c"/, /"c".*"b"/]))
  it('names a task that waits for itself', () => check({ a: 'a' }, [/"a".*through "a"/]))
  it('finds a dependency that a parent implies', () => check({ a: 'bc', b: 'c', c: '' }, [/"a".*"b".*remove "c"/]))
  it('finds a dependency that is implied over four tasks', () =>
    check({ a: 'bd', b: 'c', c: 'd', d: '' }, [/"a".*"b".*remove "d"/]))
  it('calls tasks by their names, not by their ids', () => {
    const tasks = graph({ a: 'a', b: 'cd', c: 'd', d: '' })
    const renamed = Object.fromEntries(Object.entries(tasks).map(([id, task]) => [id, { ...task, name: `task ${id}` }]))
    expect(checkGraph(renamed)).toEqual([
      'circular dependency: task "task a" waits for itself through "task a"',
      'task "task b" depends on "task c" and on "task d", but "task c" depends on "task d" already: remove "task d" from the depends of "task b"',
    ])
  })
  it('ignores dependencies on tasks that do not exist', () => check({ a: 'x' }, []))
  it('names every dependency that is implied, and every parent that implies it', () =>
    check({ a: 'bcd', b: 'd', c: 'd', d: '' }, [
      /"a".*"b" depends on "d".*remove "d"/,
      /"a".*"c" depends on "d".*remove "d"/,
    ]))
  it('tells of what is implied beside a cycle, but not of what depends on one', () =>
    check({ a: 'b', b: 'a', c: 'ad', d: 'a', e: 'fg', f: 'g', g: '' }, [
      /circular.*"a"/,
      /circular.*"b"/,
      /"e".*"f".*remove "g"/,
    ]))
  it('tells who of the cycle depends on a task, and nobody else', () =>
    check({ a: 'b', b: 'ac', c: 'a', d: 'a' }, [/"a".*through "b", "c"$/, /"b".*through "a"$/, /"c".*through "b"$/]))
})

describe('the check of any graph', () => {
  const names = [...'abcdefg']
  const anyGraph = fc
    .array(fc.subarray(names), { minLength: names.length, maxLength: names.length })
    .map((parents) => Object.fromEntries(names.map((name, index) => [name, (parents[index] ?? []).join('')])))
  /** Parents are later in the alphabet, so that the order by name is never the one by level. */
  const acyclic = anyGraph.map((depends) =>
    Object.fromEntries(
      Object.entries(depends).map(([name, parents]) => [name, [...parents].filter((parent) => parent > name).join('')]),
    ),
  )

  it('names exactly the tasks that are among their own ancestors', () =>
    fc.assert(
      fc.property(anyGraph, (depends) => {
        const run = buildRunGraph(graph(depends))
        const onCycle = names.filter((name) => ancestors(run, name).includes(name))
        const named = checkGraph(graph(depends)).filter((problem) => problem.startsWith('circular'))
        expect(named.map((problem) => /task "(.)"/.exec(problem)?.[1])).toEqual(onCycle)
      }),
    ))

  it('names exactly the dependencies that are ancestors of another one', () =>
    fc.assert(
      fc.property(acyclic, (depends) => {
        const tasks = withLevels(graph(depends))
        const run = buildRunGraph(tasks)
        const implied = names.flatMap((name) => {
          const parents = [...run.parents(name)]
          return parents.flatMap((near) =>
            parents.filter((far) => ancestors(run, near).includes(far)).map((far) => name + near + far),
          )
        })
        const found = checkGraph(tasks).map((problem) => {
          const [, name = '', near = '', far = ''] = /^task "(.)" depends on "(.)" and on "(.)"/.exec(problem) ?? []
          return name + near + far
        })
        expect(found.sort()).toEqual(implied.sort())
      }),
    ))

  it('gives levels by which every task comes after its parents, as early as it can', () =>
    fc.assert(
      fc.property(acyclic, (depends) => {
        const tasks = withLevels(graph(depends))
        for (const task of Object.values(tasks)) {
          const above = Object.keys(task.depends).map((id) => (tasks[id]?.level ?? Number.NaN) + 1)
          expect(task.level).toBe(Math.max(0, ...above))
        }
      }),
    ))
})

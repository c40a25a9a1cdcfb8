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
  it('ignores dependencies on tasks that do not exist', () => check({ a: 'x' }, []))
})

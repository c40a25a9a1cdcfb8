import { describe, expect, it } from 'vitest'
import { buildRunGraph, descendants, graphOf } from '../../../src/engine/decide/run-graph.ts'
import { aRunConfig, aTask } from '../../support/a-run-config.ts'

const tasks = (...given: { id: string; name: string; level: number }[]) =>
  Object.fromEntries(given.map((task) => [task.id, aTask(task)]))

describe('the graph of a run', () => {
  it('has tasks in the order of level, name and id', () => {
    const graph = buildRunGraph(
      tasks(
        { id: '4', name: 'a', level: 2 },
        { id: '3', name: 'c', level: 1 },
        { id: '1', name: 'z', level: 0 },
        { id: '6', name: 'b', level: 2 },
        { id: '5', name: 'b', level: 2 },
        { id: '2', name: 'b', level: 1 },
      ),
    )
    expect(graph.order).toEqual(['1', '2', '3', '4', '5', '6'])
    expect([...graph.ordinals]).toEqual(graph.order.map((id, index) => [id, index]))
  })

  it('knows parents and children, but nobody who is not in the run', () => {
    const { parents, children } = graphOf(
      aRunConfig([{ name: 'a' }, { name: 'b', depends: ['a', 'x'] }, { name: 'c', depends: ['a', 'b'] }]),
    )
    expect(['a', 'b', 'c', 'x'].map(parents)).toEqual([[], ['a'], ['a', 'b'], []])
    expect(['a', 'b', 'c', 'x'].map(children)).toEqual([['b', 'c'], ['c'], [], []])
  })

  it('is made once for a run config', () => {
    const config = aRunConfig([{ name: 'a' }])
    expect(graphOf(config)).toBe(graphOf(config))
    expect(graphOf({ ...config })).not.toBe(graphOf(config))
  })
})

describe('descendants', () => {
  const graph = graphOf(
    aRunConfig([
      { name: 'z' },
      { name: 'y', depends: ['z'] },
      { name: 'a', depends: ['y'] },
      { name: 'b', depends: ['y'] },
      { name: 'other' },
      { name: 'last', depends: ['other'] },
    ]),
  )

  it('are all that wait for a task, in the order of the graph, without the task', () => {
    expect(descendants(graph, ['z'])).toEqual(['y', 'a', 'b'])
    expect(descendants(graph, ['y'])).toEqual(['a', 'b'])
    expect(descendants(graph, ['a'])).toEqual([])
  })

  it('of several tasks are those of each, once', () => {
    expect(descendants(graph, ['y', 'z'])).toEqual(['y', 'a', 'b'])
    expect(descendants(graph, ['other', 'y'])).toEqual(['last', 'a', 'b'])
    expect(descendants(graph, [])).toEqual([])
  })
})

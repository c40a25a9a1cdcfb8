import fc from 'fast-check'
import { expect, test } from 'vitest'
import { ancestorsOf, findCycles, findRedundantEdges, levelsOf, parentsFirst } from '../../../src/engine/config/dag.ts'

test.each([
  ['no task', [], []],
  ['a single task', [[]], [0]],
  ['two roots', [[], []], [0, 0]],
  ['one after the other', [[1], []], [1, 0]],
  ['a diamond', [[], [0], [0], [1, 2]], [0, 1, 1, 2]],
  ['the longest way counts', [[], [0], [1], [0, 2]], [0, 1, 2, 3]],
  ['a circle of one', [[0]], null],
  ['a circle of two', [[1], [0]], null],
  ['a circle of three', [[1], [2], [0]], null],
  ['a task that leads to a circle', [[1], [2], [1]], null],
])('levels of %s', (_, parents, levels) => {
  expect(levelsOf(parents)).toEqual(levels)
})

test.each([
  ['a single task', [[]], 0, []],
  ['two roots', [[], []], 0, []],
  ['a task that depends on itself', [[0]], 0, [0]],
  ['a pair', [[1], []], 0, [1]],
  ['a wide graph', [[1, 2], [3], [3, 4], [], []], 0, [1, 2, 3, 4]],
  ['a circle', [[1], [0]], 0, [0, 1]],
  ['a task that leads to a circle', [[1], [2], [1]], 0, [1, 2]],
])('ancestors in %s', (_, parents, node, ancestors) => {
  expect(ancestorsOf(parents, [node])).toEqual(ancestors)
})

test('ancestors of several tasks are joined', () => {
  expect(ancestorsOf([[], [0], [], [2]], [1, 3])).toEqual([0, 2])
})

test.each([
  ['no dependencies', [[], []], []],
  ['a pair', [[1], []], []],
  ['a circle of one', [[0]], [{ node: 0, dependents: [0] }]],
  [
    'a circle of two',
    [[1], [0]],
    [
      { node: 0, dependents: [1] },
      { node: 1, dependents: [0] },
    ],
  ],
  [
    'a circle of three',
    [[1], [2], [0]],
    [
      { node: 0, dependents: [2] },
      { node: 1, dependents: [0] },
      { node: 2, dependents: [1] },
    ],
  ],
  [
    'a task that leads to a circle',
    [[1], [2], [1]],
    [
      { node: 1, dependents: [2] },
      { node: 2, dependents: [1] },
    ],
  ],
  [
    'a task behind a circle',
    [[1], [0], [0]],
    [
      { node: 0, dependents: [1] },
      { node: 1, dependents: [0] },
    ],
  ],
  [
    'two circles that touch',
    [[1, 2], [0], [0]],
    [
      { node: 0, dependents: [1, 2] },
      { node: 1, dependents: [0] },
      { node: 2, dependents: [0] },
    ],
  ],
  [
    'two circles, one leading to the other',
    [[1], [0, 2], [3], [2]],
    [
      { node: 0, dependents: [1] },
      { node: 1, dependents: [0] },
      { node: 2, dependents: [3] },
      { node: 3, dependents: [2] },
    ],
  ],
])('circles with %s', (_, parents, cycles) => {
  expect(findCycles(parents)).toEqual(cycles)
})

test.each([
  ['a diamond', [[], [0], [0], [1, 2]], []],
  ['three tasks', [[], [0], [1, 0]], [{ node: 2, redundant: 0, implying: 1 }]],
  ['four tasks', [[], [0], [1], [2, 0]], [{ node: 3, redundant: 0, implying: 2 }]],
  [
    'several at once',
    [[], [0], [1], [2, 1, 0]],
    [
      { node: 3, redundant: 0, implying: 2 },
      { node: 3, redundant: 1, implying: 2 },
    ],
  ],
  ['neighbours in the list, of which none has what the other one has', [[], [0], [0], [0, 5], [], []], []],
  ['a circle, which has nothing redundant in it', [[1], [0], [0, 1]], []],
])('redundant dependencies in %s', (_, parents, edges) => {
  expect(findRedundantEdges(parents)).toEqual(edges)
})

/** Graphs of up to forty tasks, circles among them when `any`. */
const graphs = (any: boolean) =>
  fc
    .array(fc.array(fc.nat(39), { maxLength: 5 }), { maxLength: 40 })
    .map((lists) =>
      lists.map((list, node) => [...new Set(list)].filter((parent) => parent < (any ? lists.length : node))),
    )

/** By definition, one search a task. */
function naiveAncestors(parents: number[][], node: number): Set<number> {
  const found = new Set<number>()
  const visit = (at: number): void => {
    for (const parent of parents[at] ?? []) {
      if (found.has(parent)) continue
      found.add(parent)
      visit(parent)
    }
  }
  visit(node)
  return found
}

test('circles are as their definition has them', () => {
  fc.assert(
    fc.property(graphs(true), (parents) => {
      const ancestors = parents.map((_, node) => naiveAncestors(parents, node))
      const expected = parents.flatMap((_, node) => {
        if (!ancestors[node]?.has(node)) return []
        const dependents = parents.flatMap((own, other) =>
          own.includes(node) && ancestors[node]?.has(other) ? [other] : [],
        )
        return [{ node, dependents }]
      })
      expect(findCycles(parents)).toEqual(expected)
      expect(levelsOf(parents) === null).toBe(expected.length > 0)
    }),
  )
})

test('redundant dependencies are as their definition has them', () => {
  fc.assert(
    fc.property(graphs(false), (parents) => {
      const ancestors = parents.map((_, node) => naiveAncestors(parents, node))
      const found = findRedundantEdges(parents)
      const expected = parents.flatMap((own, node) =>
        own
          .filter((parent) => own.some((other) => ancestors[other]?.has(parent)))
          .map((redundant) => `${node} ${redundant}`),
      )
      expect(found.map(({ node, redundant }) => `${node} ${redundant}`).sort()).toEqual(expected.sort())
      for (const { node, redundant, implying } of found) {
        expect(parents[node]).toContain(implying)
        expect(ancestors[implying]).toContain(redundant)
      }
    }),
  )
})

test('parents come first', () => {
  fc.assert(
    fc.property(graphs(false), (parents) => {
      const order = parentsFirst(parents)
      expect(order.length).toBe(parents.length)
      const place = new Map(order.map((node, index) => [node, index]))
      for (const [node, own] of parents.entries()) {
        for (const parent of own) expect(place.get(parent)).toBeLessThan(place.get(node) ?? -1)
      }
    }),
  )
})

test('more tasks than one block of the table holds are told apart', () => {
  // 3000 pairs, each read by a task that depends on both: only the first of a pair is redundant.
  const parents: number[][] = []
  for (let pair = 0; pair < 3000; pair++) parents.push([], [pair * 3], [pair * 3 + 1, pair * 3])
  const found = findRedundantEdges(parents)
  expect(found.length).toBe(3000)
  expect(
    found.every(
      ({ node, redundant, implying }, pair) =>
        node === pair * 3 + 2 && redundant === pair * 3 && implying === pair * 3 + 1,
    ),
  ).toBe(true)
})

test('a chain of a hundred thousand tasks and a circle of as many are no matter of the stack', () => {
  const chain = Array.from({ length: 100_000 }, (_, node) => (node === 0 ? [] : [node - 1]))
  expect(levelsOf(chain)?.at(-1)).toBe(99_999)
  expect(findRedundantEdges(chain)).toEqual([])
  expect(findCycles(chain.map((own, node) => (node === 0 ? [99_999] : own))).length).toBe(100_000)
})

import { expect, test } from 'vitest'
import { PatternList } from '../../../src/engine/executor/pattern-list.ts'

const all = Number.POSITIVE_INFINITY

test.each<[texts: string[], places: [path: string, depth: number][]]>([
  [[], []],
  [['**'], [['', all]]],
  [['*.txt', 'x', '**', 'a/**'], [['', all]]],
  [
    ['lib/a', 'lib/**', 'lib/b', 'bin/**'],
    [
      ['bin', all],
      ['lib', all],
    ],
  ],
  [['**/x'], [['', all]]],
  [['*', 'x', '*.txt'], [['', 1]]],
  [
    ['a', 'b/c', './d', 'e/', 'f/../g'],
    [
      ['a', 0],
      ['b/c', 0],
    ],
  ],
  [
    ['a', 'a/b', 'a'],
    [
      ['a', 0],
      ['a/b', 0],
    ],
  ],
  [
    ['a/b/c', 'a-b', 'a/*', 'a/b'],
    [
      ['a', 1],
      ['a/b/c', 0],
      ['a-b', 0],
    ],
  ],
  [
    ['x/*/y', 'z', 'x/*'],
    [
      ['x', 2],
      ['z', 0],
    ],
  ],
  [
    ['*.txt', 'x/**/y', 'x/y/*'],
    [
      ['', 1],
      ['x', all],
    ],
  ],
  [
    ['*/*', 'x/y/z', 'x/*/z', 'x/y'],
    [
      ['', 2],
      ['x', 2],
    ],
  ],
  [['a{/b,/c}'], [['', 3]]],
])('%j can match in %j', (texts, places) => {
  expect(new PatternList(texts).places()).toEqual(places.map(([path, depth]) => ({ path, depth })))
})

test.each<[texts: string[], path: string, expected: boolean]>([
  [['**'], '', true],
  [['*'], '', false],
  [['a/**'], 'a', true],
  [['a/*/**'], 'a', false],
])('%j: whether all below "%s" matches', (texts, path, expected) => {
  expect(new PatternList(texts).takesAllBelow({ path, depth: 1 })).toBe(expected)
})

test.each<[texts: string[], path: string, expected: boolean | 'malformed']>([
  [['a', 'b*'], 'a', true],
  [['a', 'b*'], 'bc', true],
  [['a', 'b*'], 'c', false],
  [['a', '['], 'a', true],
  [['[', 'a'], 'a', 'malformed'],
  [['a/', './a'], 'a', false],
  [['toString'], 'toString', true],
  [[], 'toString', false],
])('%j, compared with "%s" in their order', (texts, path, expected) => {
  const matches = () => new PatternList(texts).matches(path)
  if (expected === 'malformed') expect(matches).toThrow('pattern "["')
  else expect(matches()).toBe(expected)
})

test('a list of 50,000 names takes no time for each of its pairs', () => {
  const names = Array.from({ length: 50_000 }, (_, index) => `directory/${index}`)
  const list = new PatternList([...names, 'other/none*'])
  const start = performance.now()
  expect(list.places()).toHaveLength(50_001)
  for (const name of names) expect(list.matches(name)).toBe(true)
  expect(performance.now() - start).toBeLessThan(5000)
})

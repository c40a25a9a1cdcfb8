import { describe, expect, it } from 'vitest'
import { Cursor, formatPath, pathOf } from '../../../src/engine/config/cursor.ts'
import type { DocumentSource } from '../../../src/engine/config/document-source.ts'
import type { ConfigProblem } from '../../../src/engine/config/problem.ts'
import { ProblemList, sortProblems } from '../../../src/engine/config/problem-list.ts'

const source: DocumentSource = {
  file: 'main',
  value: {},
  positionOf: (path, part) =>
    path.length === 0 ? null : { file: 'lib', line: path.length, column: part === 'key' ? 1 : 9 },
  writtenAt: (path) => (path.length === 0 ? null : path.join('/')),
}
const root = new Cursor({ runs: [] })

describe('a path in a document', () => {
  it('leads from the document to the value', () => {
    expect(pathOf(root)).toEqual([])
    expect(pathOf(root.child('runs', []).child(0, {}).child('name', ''))).toEqual(['runs', 0, 'name'])
  })

  it('is written as in a program', () => {
    expect(formatPath([])).toBe('')
    expect(formatPath(['runs', 0, 'tasks', 12, 'A_1'])).toBe('runs[0].tasks[12].A_1')
    expect(formatPath([0, 'a'])).toBe('[0].a')
    expect(formatPath(['a b', 'c"d', '1x', 'x-y', ''])).toBe('["a b"]["c\\"d"]["1x"]["x-y"][""]')
  })
})

describe('the list of problems', () => {
  it('keeps everything that is known of one', () => {
    const list = new ProblemList(source)
    list.warning(root, 'unknown_key', 'text', { found: 'f', hint: 'h' })
    expect(list.hasErrors).toBe(false)
    list.error(root.child('a', 1), 'wrong_type', 'text')
    list.error(root.child('a', 1), 'wrong_type', 'text', { atKey: true, hint: null })
    expect(list.hasErrors).toBe(true)
    const nothing = { file: 'lib', line: 1, path: 'a', found: null, hint: null }
    expect(list.problems).toEqual([
      {
        severity: 'warning',
        code: 'unknown_key',
        message: 'text',
        file: 'main',
        line: null,
        column: null,
        path: '',
        found: 'f',
        hint: 'h',
      },
      { severity: 'error', code: 'wrong_type', message: 'text', ...nothing, column: 9 },
      { severity: 'error', code: 'wrong_type', message: 'text', ...nothing, column: 1 },
    ])
  })

  it('counts what is beyond a thousand of each severity, so that warnings hide no error', () => {
    const list = new ProblemList(source)
    for (let count = 0; count < 1000; count++) list.warning(root, 'unknown_key', 'text')
    expect([list.problems.length, list.more, list.hasErrors]).toEqual([1000, { problems: 0, errors: 0 }, false])
    list.warning(root, 'unknown_key', 'text')
    expect([list.problems.length, list.more, list.hasErrors]).toEqual([1000, { problems: 1, errors: 0 }, false])
    for (let count = 0; count < 1000; count++) list.error(root, 'no_runs', 'text')
    expect([list.problems.length, list.more, list.hasErrors]).toEqual([2000, { problems: 1, errors: 0 }, true])
    list.error(root, 'no_runs', 'text')
    expect([list.problems.length, list.more]).toEqual([2000, { problems: 2, errors: 1 }])
  })

  it('knows how a value was written', () => {
    const list = new ProblemList(source)
    expect(list.writtenAt(root)).toBeNull()
    expect(list.writtenAt(root.child('a', 1).child(2, 1))).toBe('a/2')
  })

  it('names run, task and step as far as they are on the way', () => {
    const message = (...way: [string | number, unknown][]) => {
      const list = new ProblemList(source)
      let cursor = root
      for (const [key, value] of way) cursor = cursor.child(key, value)
      list.error(cursor, 'wrong_type', 'text')
      return list.problems[0]?.message
    }
    const run: [string | number, unknown][] = [
      ['runs', []],
      [1, { name: 'r' }],
    ]
    const task: [string | number, unknown][] = [...run, ['tasks', []], [2, { name: 't' }]]
    expect(message(['runs', []])).toBe('text')
    expect(message(['other', []], [0, { name: 'r' }])).toBe('text')
    expect(message(...run)).toBe('run "r": text')
    expect(message(['Runs', []], [0, {}])).toBe('runs[0]: text')
    for (const nameless of [{ name: '' }, { name: 5 }, null, 'r']) {
      expect(message(['runs', []], [1, nameless])).toBe('runs[1]: text')
    }
    expect(message(...run, ['when', {}], ['branch', 5])).toBe('run "r": text')
    expect(message(...run, ['tasks', []])).toBe('run "r": text')
    expect(message(...task)).toBe('run "r" task "t": text')
    expect(message(...task, ['steps', []])).toBe('run "r" task "t": text')
    expect(message(...task, ['depends', []], [3, 'x'])).toBe('run "r" task "t": text')
    expect(message(...task, ['steps', []], [3, {}], ['run', ''])).toBe('run "r" task "t" steps[3]: text')
    expect(message([0, []], [0, {}])).toBe('text')
  })
})

describe('the order of problems', () => {
  const at = (file: string, line: number | null, column: number | null, message = ''): ConfigProblem => {
    return { severity: 'error', code: 'syntax', message, file, line, column, path: '', found: null, hint: null }
  }
  const place = ({ file, line, column, message }: ConfigProblem) => `${file}:${line}:${column}${message}`

  it('is that of the main file, then of the others by name, by line and column, those without a place last', () => {
    const sorted = ['a:1:1', 'z:1:2', 'z:1:10', 'z:2:1', 'z:2:null', 'z:null:null first', 'z:null:null second']
    const problems = [
      at('b', null, null, ' b'),
      at('a', 1, 1),
      at('z', null, null, ' first'),
      at('z', 2, null),
      at('z', 2, 1),
      at('z', 1, 10),
      at('b', 7, 1),
      at('z', 1, 2),
      at('z', null, null, ' second'),
    ]
    expect(sortProblems(problems, 'z').map(place)).toEqual([...sorted.slice(1), 'a:1:1', 'b:7:1', 'b:null:null b'])
    expect(problems[1]).toEqual(at('a', 1, 1))
  })
})

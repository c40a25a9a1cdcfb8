import { expect, test } from 'vitest'
import { formatProblems } from '../../../src/engine/config/format-problems.ts'
import { loadConfig } from '../../../src/engine/config/load.ts'
import type { ConfigProblem } from '../../../src/engine/config/problem.ts'
import { aTree, branchContext as context } from './a-tree.ts'

async function formatted(text: string): Promise<string> {
  return formatProblems(await loadConfig(aTree({ '.agola/config.yml': text }), { context }))
}

const problem: ConfigProblem = {
  severity: 'error',
  code: 'syntax',
  message: 'm',
  file: 'f',
  line: 1,
  column: 1,
  path: '',
  found: null,
  hint: null,
}

test('each problem has its place, its line with a mark, what was found and what to write', async () => {
  expect(
    await formatted(
      'runs:\n  - name: a\n    tasks: [{ name: t, runtime: { arch: é, containers: [{ image: b }] } }]\n    task_timeout_interval: 5d\n',
    ),
  ).toBe(
    `.agola/config.yml:3:41: error: run "a" task "t": the arch of a runtime is one of 386, amd64, arm, arm64 [runtime_bad_arch]
  3 |     tasks: [{ name: t, runtime: { arch: é, containers: [{ image: b }] } }]
    |                                         ^
  at: runs[0].tasks[0].runtime.arch
  found: "é"
  hint: leave it out for any

.agola/config.yml:4:28: error: run "a": this is no duration [duration_bad]
  4 |     task_timeout_interval: 5d
    |                            ^
  at: runs[0].task_timeout_interval
  found: "5d"
  hint: there are no days; write "120h"`,
  )
})

test('a problem without a place has its file only', () => {
  expect(
    formatProblems({ problems: [{ ...problem, line: null, column: null }], moreProblems: 0, moreErrors: 0, texts: {} }),
  ).toBe('f: error: m [syntax]')
})

test('a line that is not known or empty is not shown', () => {
  expect(formatProblems({ problems: [problem], moreProblems: 0, moreErrors: 0, texts: {} })).toBe(
    'f:1:1: error: m [syntax]',
  )
  expect(
    formatProblems({ problems: [{ ...problem, line: 9 }], moreProblems: 0, moreErrors: 0, texts: { f: 'x' } }),
  ).toBe('f:9:1: error: m [syntax]')
})

test('tabs before the mark stay tabs', () => {
  expect(
    formatProblems({ problems: [{ ...problem, column: 3 }], moreProblems: 0, moreErrors: 0, texts: { f: '\tab\r\n' } }),
  ).toBe('f:1:3: error: m [syntax]\n  1 | \tab\n    | \t ^')
})

test('a long line is cut around the mark', () => {
  const text = `${'a'.repeat(5000)}X${'b'.repeat(5000)}`
  const lines = formatProblems({
    problems: [{ ...problem, column: 5001 }],
    moreProblems: 0,
    moreErrors: 0,
    texts: { f: text },
  }).split('\n')
  const [, shown = '', mark = ''] = lines
  expect(shown.length).toBe(160 + '  1 | '.length)
  expect(shown[mark.indexOf('^')]).toBe('X')
})

test('notes follow, and control characters are written out', () => {
  const notes = Array.from({ length: 12 }, (_, index) => `note ${index}`)
  const text = formatProblems({
    problems: [{ ...problem, line: null, message: 'a\u001b[2Jb\nc', notes }],
    moreProblems: 0,
    moreErrors: 0,
    texts: {},
  })
  expect(text.split('\n').slice(0, 2)).toEqual(['f:1: error: a\\u001b[2Jb c [syntax]', '  note 0'])
  expect(text.split('\n')).toHaveLength(11)
})

test('only the first fifty are shown', () => {
  const problems = Array.from({ length: 60 }, () => ({ ...problem, line: null, column: null }))
  const text = formatProblems({ problems, moreProblems: 7, moreErrors: 3, texts: {} })
  expect(text.split('\n\n')).toHaveLength(51)
  expect(text.endsWith('\n\nand 17 more: 13 errors, 4 warnings')).toBe(true)
  expect(formatProblems({ problems, moreProblems: 0, moreErrors: 0, texts: {} }, { problemsMax: 60 })).not.toContain(
    'more',
  )
})

test('where not all are shown, warnings give way to errors', () => {
  const [error, warning] = [problem, { ...problem, severity: 'warning' as const }]
  const severities = (problems: ConfigProblem[], problemsMax: number) =>
    formatProblems({ problems, moreProblems: 0, moreErrors: 0, texts: {} }, { problemsMax })
      .split('\n\n')
      .map((block) => /error:|warning:|and.*/.exec(block)?.[0])
  expect(severities([warning, warning, warning, error], 2)).toEqual(['warning:', 'error:', 'and 2 more: 2 warnings'])
  expect(severities([warning, error, warning, error, error], 2)).toEqual([
    'error:',
    'error:',
    'and 3 more: 1 error, 2 warnings',
  ])
})

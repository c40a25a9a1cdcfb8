import { expect, test } from 'vitest'
import { LogFileNames } from '../../src/cli/log-file-names.ts'

function namesOf(...logs: [task: string, index: number | null, step: string][]): string[] {
  const names = new LogFileNames()
  return logs.map(([task, index, name]) => names.next(task, { index, name }))
}

test('steps of the same name have files of their own', () => {
  expect(namesOf(['build', 0, 'same name'], ['build', 1, 'same name'], ['build', 2, 'same/name'])).toEqual([
    'build-0-same-name.log',
    'build-1-same-name.log',
    'build-2-same-name.log',
  ])
})

test('the set-up has no index', () => {
  expect(namesOf(['build', null, 'setup'])).toEqual(['build-setup.log'])
})

test('so have steps of tasks whose names differ only in what no file can be called, or in capital letters', () => {
  expect(namesOf(['a b', 0, 'run'], ['a/b', 0, 'run'], ['A:b', 0, 'run'])).toEqual([
    'a-b-0-run.log',
    'a-b-0-run-2.log',
    'A-b-0-run-3.log',
  ])
})

test('long names are cut, the index never', () => {
  const [first = '', second = ''] = namesOf(
    ['ü'.repeat(200), 10, 'x'.repeat(200)],
    ['ü'.repeat(200), 11, 'x'.repeat(200)],
  )
  expect(first).toMatch(/^ü{50}-10-x{100}\.log$/)
  expect(second).toMatch(/^ü{50}-11-x{100}\.log$/)
})

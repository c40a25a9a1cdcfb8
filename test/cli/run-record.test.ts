import { expect, test } from 'vitest'
import { RunRecord } from '../../src/cli/run-record.ts'
import { runCreated, runFinished, step, stepStarted, taskFinished, taskStarted } from '../views/progress-events.ts'

function hintsOf({ failed, withoutLog = [] }: { failed: string[]; withoutLog?: string[] }): string[] {
  const record = new RunRecord()
  const names = ['a', 'b c', 'd']
  record.event(runCreated({ a: [], 'b c': [], d: [] }))
  for (const name of names) {
    record.event(taskStarted(name))
    if (!withoutLog.includes(name)) record.event(stepStarted(name, step('setup', -1)))
  }
  for (const name of names) record.event(taskFinished(name, failed.includes(name) ? 'failed' : 'success'))
  record.event(runFinished(failed.length > 0 ? 'failed' : 'success'))
  const text = record.summary({ color: false, width: 0, bin: 'agola' })
  return text.split('\n').filter((line) => line.includes('agola directrun logs'))
}

test('one command shows the whole log of the task that failed, or of all that failed', () => {
  expect(hintsOf({ failed: [] })).toEqual([])
  expect(hintsOf({ failed: ['b c'] })).toEqual(["whole log: agola directrun logs 1 --task 'b c'"])
  expect(hintsOf({ failed: ['a', 'd'] })).toEqual(['whole logs: agola directrun logs 1 --failed'])
})

test('no command is shown for the log of a task that no executor could run', () => {
  expect(hintsOf({ failed: ['a'], withoutLog: ['a'] })).toEqual([])
  expect(hintsOf({ failed: ['a', 'd'], withoutLog: ['a'] })).toEqual(['whole log: agola directrun logs 1 --task d'])
})

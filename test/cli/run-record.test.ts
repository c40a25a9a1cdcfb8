import { expect, test } from 'vitest'
import { RunRecord } from '../../src/cli/run-record.ts'
import type { ProgressEvent } from '../../src/engine/model/progress-event.ts'
import {
  runCreated,
  runFinished,
  step,
  stepFinished,
  stepStarted,
  taskFinished,
  taskStarted,
} from '../views/progress-events.ts'

const setup = { index: -1, name: 'setup', type: 'setup' }

const failedAt = (name: string, stepRef = step('s')): ProgressEvent[] => [
  taskStarted(name),
  stepStarted(name, stepRef),
  stepFinished(name, stepRef, 'failed', 1),
  taskFinished(name, 'failed'),
]

/** The commands that show logs which the summary offers after these events of tasks. */
function hints(...events: ProgressEvent[]): string[] {
  const record = new RunRecord()
  record.event(runCreated({ a: ['s'], 'b c': ['s'], d: ['s'] }))
  for (const event of events) record.event(event)
  record.event(runFinished(events.length > 0 ? 'failed' : 'success'))
  const text = record.summary({ color: false, width: 0, bin: 'agola' })
  return text.split('\n').filter((line) => line.includes('agola directrun logs'))
}

test('one command shows the whole log of the task that failed, or of all that failed', () => {
  expect(hints()).toEqual([])
  expect(hints(...failedAt('b c'))).toEqual(["whole log: agola directrun logs 1 --task 'b c'"])
  expect(hints(...failedAt('a'), ...failedAt('d'))).toEqual(['whole logs: agola directrun logs 1 --failed'])
})

test('of a task that never began there is no log to show, of one that failed before its steps that of the set-up', () => {
  expect(hints(taskFinished('a', 'failed', 'no executor'))).toEqual([])
  expect(hints(taskFinished('a', 'failed'), ...failedAt('d'))).toEqual(['whole log: agola directrun logs 1 --task d'])
  expect(hints(...failedAt('a', setup))).toEqual(['whole log: agola directrun logs 1 --task a --setup'])
})

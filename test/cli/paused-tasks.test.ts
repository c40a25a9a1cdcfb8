import { expect, test } from 'vitest'
import { choosePaused, syncText } from '../../src/cli/paused-tasks.ts'
import type { PausedTask } from '../../src/engine/ports/pauses.ts'

const paused = (run: number, task: string): PausedTask => ({
  ...{ run, task, taskId: `${task}-id`, step: 'make' },
  pause: { step: 0, exitStatus: 1, since: 0, until: 1 },
})
const three = [paused(4, 'old'), paused(7, 'build'), paused(7, 'test')]

test.each([
  ['the only one needs no name', [paused(4, 'old')], {}, 'old of 4'],
  ['a name is looked for in the newest run', three, { task: 'test' }, 'test of 7'],
  ['an id is as good as a name', three, { task: 'build-id' }, 'build of 7'],
  ['a run is named by its number', three, { run: 4 }, 'old of 4'],
])('%s', (_, tasks, flags, expected) => {
  const chosen = choosePaused(tasks, { task: undefined, run: undefined, ...flags })
  expect(`${chosen.task} of ${chosen.run}`).toBe(expected)
})

test.each([
  ['nothing is paused', [], {}, /no task of this repository is paused.*--on-failure pause/],
  ['several are, and none was named', three, {}, /name one of.*"build" of run 7, "test" of run 7/],
  ['another one was named', three, { task: 'old' }, /"old" of run 7 is not paused; these are: "old" of run 4/],
  ['another run was named', three, { run: 5 }, /run 5 is not paused/],
])('it is said when %s', (_, tasks, flags, expected) => {
  expect(() => choosePaused(tasks, { task: undefined, run: undefined, ...flags })).toThrow(expected)
})

test('a sync says what it changed', () => {
  expect(syncText(null)).toBe('')
  expect(syncText({ added: 2, changed: 1, deleted: 0, note: '' })).toContain('2 files added, 1 file changed\n')
  expect(syncText({ added: 0, changed: 0, deleted: 0, note: '' })).toContain('has not changed')
  expect(syncText({ added: 0, changed: 0, deleted: 0, note: 'no clone' })).toContain(': no clone')
})

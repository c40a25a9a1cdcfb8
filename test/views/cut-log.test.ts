import { expect, test } from 'vitest'
import { cutLogText } from '../../src/views/cut-log.ts'

test.each([
  ['a log that is whole', 5_000, 5_000, null],
  ['a step that printed nothing', 0, null, null],
  ['a log whose size was never told', undefined, 10, null],
  ['a log that lacks some', 5_000, 100, 'the log of a/b was cut: 100 B of 5.0 kB are left'],
  ['a log that is empty now', 5_000, 0, 'the log of a/b was cut: 0 B of 5.0 kB are left'],
  ['a log that is gone', 5_000, null, 'the log of a/b (5.0 kB) is not there any more'],
  ['a log whose writer died', null, 100, 'the log of a/b may lack its end: the process that wrote it died'],
])('of %s', (_, logBytes, bytes, expected) => {
  const step = logBytes === undefined ? {} : { logBytes }
  expect(cutLogText('a/b', step, bytes)).toBe(expected)
})

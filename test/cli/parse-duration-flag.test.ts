import { expect, test } from 'vitest'
import { parseDurationFlag } from '../../src/cli/parse-duration-flag.ts'

test.each(['0s', '-1s', '1', 'x', '3000000h'])('%s is no duration of a flag', (text) => {
  expect(() => parseDurationFlag('timeout', text)).toThrow(
    `--timeout "${text}" is not a duration; write it as 90s, 15m, 1h30m or 7d`,
  )
})

test('days are taken too', () => {
  expect(parseDurationFlag('timeout', '2d')).toBe(172_800_000)
})

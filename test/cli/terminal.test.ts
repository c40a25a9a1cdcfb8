import { expect, test } from 'vitest'
import { wantsColor, wantsScreen } from '../../src/cli/terminal.ts'

const flags = { output: 'text' as const, quiet: false, color: undefined, debug: false, screen: true }
const environment = { TERM: 'xterm' }

function terminal(changed: { stdin?: object; stdout?: object; foreground?: boolean } = {}) {
  return {
    stdin: { isTTY: true, ...changed.stdin } as NodeJS.Process['stdin'],
    stdout: { isTTY: true, columns: 80, rows: 24, ...changed.stdout } as NodeJS.Process['stdout'],
    isInForeground: () => changed.foreground ?? true,
  }
}

test('draws on a screen for a person at a terminal', () => {
  expect(wantsScreen(flags, environment, terminal())).toBe(true)
  expect(wantsScreen(flags, { ...environment, CI: 'false' }, terminal())).toBe(true)
})

test.each([
  ['--no-screen', { screen: false }],
  ['--quiet', { quiet: true }],
  ['--debug', { debug: true }],
  ['--output ndjson', { output: 'ndjson' as const }],
])('draws none with %s', (_, changed) => {
  expect(wantsScreen({ ...flags, ...changed }, environment, terminal())).toBe(false)
})

test.each([
  ['in CI', { CI: 'true' }, {}],
  ['on a dumb terminal', { TERM: 'dumb' }, {}],
  ['when keys come from a pipe', {}, { stdin: { isTTY: undefined } }],
  ['into a pipe', {}, { stdout: { isTTY: undefined } }],
  ['in the background', {}, { foreground: false }],
  ['in 39 columns', {}, { stdout: { columns: 39 } }],
  ['in 9 rows', {}, { stdout: { rows: 9 } }],
])('draws none %s', (_, changed, streams) => {
  expect(wantsScreen(flags, { ...environment, ...changed }, terminal(streams))).toBe(false)
})

test('colours a stream that is a terminal, whatever the other one is', () => {
  expect(wantsColor(environment, { isTTY: true })).toBe(true)
  expect(wantsColor(environment, { isTTY: false })).toBe(false)
  expect(wantsColor({ ...environment, FORCE_COLOR: '1' }, { isTTY: false })).toBe(true)
  expect(wantsColor({ ...environment, NO_COLOR: '1', FORCE_COLOR: '1' }, { isTTY: true })).toBe(false)
})

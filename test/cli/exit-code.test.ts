import { expect, test } from 'vitest'
import { exitCodeOfError, exitCodeOfRuns, exitCodeOfSignal } from '../../src/cli/exit-code.ts'
import { AgolaError, type ErrorCode } from '../../src/engine/model/errors.ts'
import type { Run } from '../../src/engine/model/run.ts'

const run = (phase: Run['phase'], result: Run['result']) => ({ phase, result })

test.each([
  ['nothing but success', [run('finished', 'success'), run('finished', 'success')], 0],
  ['one failed run', [run('finished', 'success'), run('finished', 'failed')], 1],
  ['a stopped run', [run('finished', 'stopped')], 4],
  ['a cancelled run', [run('cancelled', 'unknown')], 4],
  ['a failed and a stopped run', [run('finished', 'stopped'), run('finished', 'failed')], 1],
  ['a set-up error beside a failed run', [run('finished', 'failed'), run('setuperror', 'unknown')], 3],
  ['no run at all', [], 0],
])('%s ends with the right code', (_, runs, code) => {
  expect(exitCodeOfRuns(runs)).toBe(code)
})

test.each<[ErrorCode, number]>([
  ['flagConflict', 2],
  ['configInvalid', 3],
  ['notAGitRepository', 3],
  ['driverUnreachable', 6],
  ['diskFull', 6],
  ['concurrentUpdate', 6],
  ['runDoesNotExist', 8],
  ['assertionFailed', 6],
])('%s ends with code %i', (errorCode, code) => {
  expect(exitCodeOfError(new AgolaError(errorCode, 'x'))).toBe(code)
})

test('an error of somebody else is ours to mend', () => {
  expect(exitCodeOfError(new TypeError('x'))).toBe(6)
})

test('signals end with 128 plus their number', () => {
  expect((['SIGHUP', 'SIGINT', 'SIGTERM'] as const).map(exitCodeOfSignal)).toEqual([129, 130, 143])
})

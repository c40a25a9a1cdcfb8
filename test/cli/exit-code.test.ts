import { expect, test } from 'vitest'
import { exitCodeOfError, exitCodeOfRuns, exitCodeOfSignal } from '../../src/cli/exit-code.ts'
import { AgolaError, type ErrorCode, type ErrorKind } from '../../src/engine/model/errors.ts'
import type { Run } from '../../src/engine/model/run.ts'

const run = (phase: Run['phase'], result: Run['result'], ...failKinds: (ErrorKind | undefined)[]) => {
  const failed = failKinds.map((failKind) => ({ status: 'failed' as const, ...(failKind && { failKind }) }))
  return { phase, result, tasks: { fine: { status: 'success' as const }, ...Object.fromEntries(failed.entries()) } }
}

test.each([
  ['nothing but success', [run('finished', 'success'), run('finished', 'success')], 0],
  ['one failed run', [run('finished', 'success'), run('finished', 'failed')], 1],
  ['a stopped run', [run('finished', 'stopped')], 4],
  ['a cancelled run', [run('cancelled', 'unknown')], 4],
  ['a failed and a stopped run', [run('finished', 'stopped'), run('finished', 'failed')], 1],
  ['a set-up error beside a failed run', [run('finished', 'failed'), run('setuperror', 'unknown')], 3],
  ['a run whose tasks could not be run', [run('finished', 'failed', 'unavailable', 'internal')], 6],
  ['a run of which one task failed by itself', [run('finished', 'failed', 'unavailable', undefined)], 1],
  ['a run that asked for what is not allowed', [run('finished', 'failed', 'forbidden')], 1],
  [
    'a run that could not be run beside one that failed',
    [run('finished', 'failed', 'internal'), run('finished', 'failed')],
    1,
  ],
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

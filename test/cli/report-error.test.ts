import { writeFile } from 'node:fs/promises'
import { Args, Flags, Parser } from '@oclif/core'
import { expect, test } from 'vitest'
import { reportError } from '../../src/cli/report-error.ts'
import { AgolaError } from '../../src/engine/model/errors.ts'

function report(error: unknown, json = false): { text: string; exitCode: number } {
  let text = ''
  const exitCode = reportError(error, { stderr: { write: (part) => (text += part) }, json })
  return { text, exitCode }
}

test('says what went wrong, and nothing of stacks', () => {
  expect(report(new AgolaError('diskFull', 'no room'))).toEqual({ text: 'agola: no room\n', exitCode: 6 })
})

test('says that a mistake is ours, with its place', () => {
  const { text, exitCode } = report(new TypeError('x is not a function'))
  expect(text).toMatch(/mistake in agola[\s\S]*report-error\.test/)
  expect(exitCode).toBe(6)
})

test('what the operating system refuses is nobody’s mistake, and comes with the way out', async () => {
  const refused = await writeFile('/proc/self/file', '').catch((error: unknown) => error)
  const full = Object.assign(new Error('ENOSPC: no space left on device, write'), { code: 'ENOSPC', syscall: 'write' })
  expect(report(full)).toEqual({
    text: 'agola: the disk is full: free some space and run again (write)\n',
    exitCode: 6,
  })
  expect(report(refused).text).toContain('/proc/self/file')
  expect(report(Object.assign(new Error('x'), { code: 'EACCES', syscall: 'open', path: '/x' }), true).text).toBe(
    '{"error":{"code":"storeUnusable","message":"permission denied (open /x)","exit_code":6}}\n',
  )
})

const flags = {
  'max-tasks': Flags.integer({ min: 1, max: 9 }),
  task: Flags.string({ multiple: true }),
  step: Flags.integer({ exclusive: ['task'] }),
}
const more = '\nSee more help with --help'

test.each([
  [['1', '--max-tasks', '0'], `--max-tasks 0 must be an integer of at least 1${more}`],
  [['1', '--max-tasks', '10'], `--max-tasks 10 must be an integer of at most 9${more}`],
  [['1', '--max-tasks', 'x y'], `--max-tasks x y must be an integer${more}`],
  [[], `Missing 1 required arg:\nnumber  of the run${more}`],
  [['1', '--step', '2', '--task', 'a'], `--task=a cannot also be provided when using --step${more}`],
])('what the parser says of %j is told in one line that names flag and value', async (argv, message) => {
  const args = { number: Args.string({ description: 'of the run', required: true }) }
  const error = await Parser.parse(argv, { args, flags }).catch((thrown: unknown) => thrown)
  expect(report(error)).toEqual({ text: `agola: ${message}\n`, exitCode: 2 })
  expect(JSON.parse(report(error, true).text).error).toEqual({ code: 'usage', message, exit_code: 2 })
})

import { writeFile } from 'node:fs/promises'
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

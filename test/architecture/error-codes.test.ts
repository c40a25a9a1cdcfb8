import { readFileSync } from 'node:fs'
import { expect, test } from 'vitest'
import { exitCodeOfError } from '../../src/cli/exit-code.ts'
import { AgolaError, type ErrorCode, errorCodes } from '../../src/engine/model/errors.ts'

/** Rows of the table: code, kind, exit code, meaning. */
function documentedCodes(): { code: string; kind: string; exit: number }[] {
  const rows = readFileSync('docs/errors.md', 'utf8').matchAll(/^\| `(\w+)` \| (\w+) \| (\d+) \| \S/gm)
  return [...rows].map(([, code = '', kind = '', exit]) => ({ code, kind, exit: Number(exit) }))
}

test('the page of errors lists exactly the codes of the catalogue, with kind and exit code', () => {
  const actual = Object.entries(errorCodes).map(([code, kind]) => ({
    code,
    kind,
    exit: exitCodeOfError(new AgolaError(code as ErrorCode, 'x')),
  }))
  const byCode = (a: { code: string }, b: { code: string }) => (a.code < b.code ? -1 : 1)
  expect(documentedCodes().sort(byCode)).toEqual(actual.sort(byCode))
})

import { mkdirSync, mkdtempSync, readdirSync, realpathSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { exitCodeOfError } from '../../src/cli/exit-code.ts'
import { reportTargets } from '../../src/cli/reports/report-flag.ts'

let directory = ''

beforeEach(() => {
  directory = realpathSync(mkdtempSync(join(tmpdir(), 'agola-report-flag-')))
})

afterEach(() => rmSync(directory, { recursive: true }))

async function refusal(...flags: string[]): Promise<string> {
  const error: unknown = await reportTargets(flags, directory).then(
    () => new Error('accepted'),
    (reason: unknown) => reason,
  )
  expect(exitCodeOfError(error)).toBe(2)
  expect(readdirSync(directory).filter((name) => name.endsWith('.tmp'))).toEqual([])
  return error instanceof Error ? error.message : ''
}

test('kinds and files, relative to the directory, links followed, nothing left behind', async () => {
  writeFileSync(join(directory, 'old.xml'), '')
  symlinkSync('old.xml', join(directory, 'link.xml'))
  expect(await reportTargets(['junit=link.xml', 'html=a=b.html', `trace=${directory}/t.json`], directory)).toEqual([
    { kind: 'junit', name: 'link.xml', file: join(directory, 'old.xml') },
    { kind: 'html', name: 'a=b.html', file: join(directory, 'a=b.html') },
    { kind: 'trace', name: `${directory}/t.json`, file: join(directory, 't.json') },
  ])
  expect(readdirSync(directory).sort()).toEqual(['link.xml', 'old.xml'])
})

test('what is no report is told with what would be one', async () => {
  for (const flag of ['', 'junit', 'junit=', '=x.xml', 'pdf=x.pdf', 'JUNIT=x.xml'])
    expect(await refusal(flag)).toBe(
      `--report ${JSON.stringify(flag)} names no report; write it as junit=FILE, html=FILE, trace=FILE`,
    )
})

test('a file that cannot be written is told before anything runs', async () => {
  mkdirSync(join(directory, 'folder'))
  writeFileSync(join(directory, 'file'), '')
  symlinkSync('missing/there', join(directory, 'dangling'))
  expect(await refusal('junit=folder')).toContain('it is a directory; name a file in it')
  expect(await refusal('junit=new/')).toContain('it is a directory')
  expect(await refusal('junit=missing/x.xml')).toContain(`there is no directory ${directory}/missing; create it first`)
  expect(await refusal('junit=file/x.xml')).toContain(`${directory}/file is no directory`)
  expect(await refusal('html=/dev/null')).toContain('it is no regular file')
  expect(await refusal('html=/proc/x.html')).toMatch(/ENOENT|there is no directory/)
})

test('two reports in one file are a conflict', async () => {
  expect(await refusal('junit=x.xml', 'html=./x.xml')).toBe(
    '--report html=./x.xml and --report junit=x.xml are one file',
  )
})

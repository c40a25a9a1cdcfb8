import { readFileSync } from 'node:fs'
import { afterAll, expect, test } from 'vitest'
import { loadConfig } from '../../../src/engine/config/load.ts'
import { configProblemCodes } from '../../../src/engine/config/problem-codes.ts'
import { JsonnetPool } from '../../../src/jsonnet/pool.ts'
import { aTree, branchContext } from './a-tree.ts'
import { parseText, taskWith } from './read-text.ts'

const page = readFileSync('docs/config.md', 'utf8')
const pool = new JsonnetPool()
afterAll(() => pool.close())

function blocks(language: string): string[] {
  return [...page.matchAll(new RegExp(`\`\`\`${language}\\n(.*?)\`\`\``, 'gs'))].map((match) => match[1] ?? '')
}

test('the page lists every code with its rule', () => {
  const listed = [...page.matchAll(/^\| `([a-z_0-9]+)` \| (.*) \|$/gm)].map((match) => [match[1], match[2]])
  const codes = Object.entries(configProblemCodes).map(([code, rule]) => [code, rule.replaceAll('|', '\\|')])
  expect(listed.filter(([code]) => Object.hasOwn(configProblemCodes, code ?? ''))).toEqual(codes)
})

test('whole configs on the page are valid', async () => {
  const whole = blocks('yaml').filter((text) => /^runs:/m.test(text))
  expect(whole).toHaveLength(2)
  for (const text of whole) expect((await parseText(text, { strict: true })).problems).toEqual([])
  const [program = '', ...others] = blocks('jsonnet')
  expect(others).toEqual([])
  const tag = { ...branchContext, refType: 'tag' as const, tag: 'v1', branch: '' }
  for (const context of [branchContext, tag]) {
    const loaded = await loadConfig(aTree({ '.agola/config.jsonnet': program }), {
      context,
      jsonnet: () => pool,
      strict: true,
    })
    expect(loaded.problems).toEqual([])
    expect(loaded.config?.runs[0]?.tasks).toHaveLength(context === tag ? 3 : 2)
  }
})

test('parts of a task on the page are valid where they belong', async () => {
  const parts = blocks('yaml').filter((text) => /^(?:steps|when|environment|docker_registries_auth):/.test(text))
  expect(parts).toHaveLength(4)
  for (const text of parts) expect((await parseText(taskWith(text), { strict: true })).problems).toEqual([])
})

test('the example of a problem is what is printed', async () => {
  const { formatProblems } = await import('../../../src/engine/config/format-problems.ts')
  const text = `runs:
  - name: ci
    tasks:
      - name: test
        runtime:
          arch: x86_64
          containers: [{ image: b }]`
  const loaded = await loadConfig(aTree({ '.agola/config.yml': text }), { context: branchContext })
  expect(page).toContain(formatProblems(loaded))
})

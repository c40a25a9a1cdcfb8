import { createHash } from 'node:crypto'
import { deflateRawSync } from 'node:zlib'
import { expect, test } from 'vitest'
import { type PageChunk, type PageContent, renderPage } from '../../../src/views/reports/page/render-page.ts'
import { type ARun, reportRuns } from './a-report.ts'

const facts = { repoUuid: 'repo', commitSha: 'c0ffee00aa', ref: 'refs/heads/<main>' }

async function page(run: ARun, log: PageContent['log'] = () => null): Promise<string> {
  return (await Array.fromAsync(renderPage({ runs: reportRuns(run), facts, log, bin: 'agola' }))).join('')
}

const chunk = (text: string): PageChunk => ({
  lines: text.split('\n').length - 1,
  read: async () => deflateRawSync(text),
})

const run: ARun = {
  tasks: {
    build: { start: 100, end: 900, steps: [{ name: 'compile', start: 300, end: 850 }] },
    'unit tests': {
      start: 1000,
      end: 1500,
      depends: ['build'],
      status: 'failed',
      steps: [{ name: 'test', start: 1100, end: 1500, phase: 'failed', exitStatus: 2 }],
    },
  },
  end: 1600,
  result: 'failed',
}

function indexOf(html: string): { steps: { id: string; note: string; chunks: unknown[] }[] } {
  return JSON.parse(/<script type="application\/json" id="logs">(.*?)<\/script>/s.exec(html)?.[1] ?? '')
}

test('tells without a script how the run ended, what failed and which tasks made it last', async () => {
  const html = await page(run)
  expect(html).toContain('<title>failed: &lt;main&gt; at c0ffee00</title>')
  expect(html).toContain('<a href="#1/unit%20tests/0">unit tests › test</a>: exit code 2')
  expect(html).toMatch(/Critical path: <a href="#1\/build">build<\/a> → <a href="#1\/unit%20tests">unit tests<\/a>/)
  expect(html.match(/class="node /g)).toHaveLength(2)
  expect(html.match(/class="edge critical"/g)).toHaveLength(1)
  expect(html.match(/<rect class="step /g)).toHaveLength(4)
})

test('asks nobody for anything: its policy allows its own script and style by their hashes, and they are the only ones', async () => {
  const html = await page(run)
  const policy = /Content-Security-Policy" content="([^"]*)"/.exec(html)?.[1] ?? ''
  const hash = (text: string | undefined) =>
    `'sha256-${createHash('sha256')
      .update(text ?? '')
      .digest('base64')}'`
  const [, style] = /<style>(.*?)<\/style>/s.exec(html) ?? []
  const [, script] = /<script>(.*?)<\/script>/s.exec(html) ?? []
  expect(policy).toBe(
    `default-src 'none'; script-src ${hash(script)}; style-src ${hash(style)}; base-uri 'none'; form-action 'none'`,
  )
  expect(html).not.toMatch(/\s(style|on\w+|src)=/)
  expect(html).not.toMatch(/<(link|img|iframe)|@import|https?:\/\//)
})

test('chunks follow compressed, and the index says which lines each holds', async () => {
  const html = await page(run, ({ task }) =>
    task === 'build' ? { head: [chunk('a\nb\n'), chunk('c\n')], dropped: 40, tail: [chunk('y\nz\n')] } : null,
  )
  const steps = indexOf(html).steps
  const build = steps.find(({ id }) => id === '1/build/0')
  expect(build?.chunks).toEqual([
    [4, 2, 1],
    [5, 1, 3],
    [0, 1, 0, '… 40 lines are left out here. The whole log: agola directrun logs 1 --task build --step 0'],
    [6, 2, 44],
  ])
  expect(html).toContain(`<script type="text/plain" id="c6">${deflateRawSync('y\nz\n').toString('base64')}</script>`)
  expect(steps.find(({ id }) => id === '1/unit%20tests/0')?.note).toBe('This step printed nothing.')
})

test('a log whose end is missing says so behind its lines, or in their place', async () => {
  const [first, second] = [
    'the log of build/compile may lack its end',
    'the log of build/link (4 B) is not there any more',
  ]
  const steps = [
    { name: 'compile', start: 0, end: 4, cutLog: first },
    { name: 'link', start: 4, end: 8, cutLog: second },
  ]
  const html = await page({ tasks: { build: { start: 0, end: 9, steps } } }, ({ step }) =>
    step === 0 ? { head: [chunk('a\nb\n')], dropped: 0, tail: [] } : null,
  )
  const [, compile, link] = indexOf(html).steps
  expect(compile?.chunks).toEqual([
    [1, 2, 1],
    [0, 1, 0, `… ${first}`],
  ])
  expect(link).toMatchObject({ chunks: [], note: second })
})

test('names cannot break out of the markup or the index', async () => {
  const evil = '"><script>alert(1)</script>\u2028'
  const html = await page({
    tasks: { [evil]: { start: 0, end: 9, steps: [{ name: evil, start: 0, end: 9 }] } },
    more: { setupErrors: [evil] },
  })
  expect(html).not.toContain('<script>alert')
  expect(html.match(/<script/g)).toHaveLength(2)
  expect(indexOf(html).steps[1]).toMatchObject({ id: expect.stringContaining('%3Cscript%3E') })
})

test('a kept task says where its log is; too many tasks for a graph are only in the timeline', async () => {
  const kept = await page({ tasks: { build: { status: 'success', unreached: ['compile'] } } })
  expect(indexOf(kept).steps[1]?.note).toContain('agola directrun logs 1 --task build --step 0')
  const many = await page({
    tasks: Object.fromEntries(Array.from({ length: 501 }, (_, index) => [`t${index}`, { start: 0, end: 9 }])),
  })
  expect(many).toContain('501 tasks are too many for a graph')
  expect(many.match(/<th scope="row">/g)).toHaveLength(501)
})

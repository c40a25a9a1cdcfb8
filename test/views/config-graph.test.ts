import { expect, test } from 'vitest'
import { drawGraph } from '../../src/views/config-graph.ts'
import { compileText, graphText, taskOf } from '../engine/compile/a-compile.ts'

async function aRun() {
  const { runs } = await compileText(
    `runs:\n${graphText({ build: '', 'say "hi" [x]': 'build', 'clean\u0007up': '{ \'say "hi" [x]\': [on_success, on_failure] }' }, 'ci')}`,
  )
  taskOf(runs[0], 'say "hi" [x]').needsApproval = true
  taskOf(runs[0], 'build').ignoreFailure = true
  return runs
}

test('text lists tasks by level, with what they wait for', async () => {
  const runs = await aRun()
  taskOf(runs[0], 'build').skip = true
  expect(drawGraph(runs, 'text')).toBe(`ci
  0  build [failure ignored, skipped]
  1  say "hi" [x] after build [approval]
  2  clean up after say "hi" [x] (on_success, on_failure)`)
})

test('dot', async () => {
  const runs = await aRun()
  taskOf(runs[0], 'build').skip = true
  expect(drawGraph(runs, 'dot')).toBe(`digraph {
  rankdir=LR
  node [shape=box]
  subgraph cluster_0 {
    label="ci"
    r0t0 [label="build\\n(failure ignored, skipped)", style=dashed]
    r0t1 [label="say \\"hi\\" [x]\\n(approval)"]
    r0t2 [label="clean up"]
    r0t0 -> r0t1
    r0t1 -> r0t2 [label="on_success\\non_failure"]
  }
}`)
})

test('mermaid', async () => {
  const runs = await aRun()
  taskOf(runs[0], 'build').skip = true
  expect(drawGraph(runs, 'mermaid')).toBe(`flowchart LR
  subgraph r0["ci"]
    r0t0["build<br/>(failure ignored, skipped)"]
    r0t1["say #34;hi#34; #91;x#93;<br/>(approval)"]
    r0t2["clean up"]
    r0t0 --> r0t1
    r0t1 -->|"on_success, on_failure"| r0t2
    style r0t0 stroke-dasharray: 5
  end`)
})

test('text goes by level, whatever the order in the config', async () => {
  const { runs } = await compileText(`runs:\n${graphText({ last: 'first', other: '', first: '' })}`)
  expect(drawGraph(runs, 'text')).toBe('run\n  0  other\n  0  first\n  1  last after first')
})

test('several runs, and one without tasks', async () => {
  const { runs } = await compileText(`runs:\n${graphText({ a: '' }, 'one')}  - name: two\n`)
  expect(drawGraph(runs, 'text')).toBe('one\n  0  a\n\ntwo\n  no tasks')
  expect(drawGraph(runs, 'mermaid')).toContain('subgraph r1["two"]')
  expect(drawGraph([], 'dot')).toBe('digraph {\n  rankdir=LR\n  node [shape=box]\n}')
})

test('levels are aligned, and a dependency on a task that was left out is not drawn', async () => {
  const chain = Object.fromEntries(
    Array.from({ length: 11 }, (_, index) => [`t${index}`, index === 0 ? '' : `t${index - 1}`]),
  )
  const { runs } = await compileText(`runs:\n${graphText(chain)}`)
  const lines = drawGraph(runs, 'text').split('\n')
  expect([lines[1], lines[11]]).toEqual(['   0  t0', '  10  t10 after t9'])
  const [run] = runs
  if (run === undefined) throw new Error('no run')
  delete run.tasks['id of t0']
  expect(drawGraph([run], 'dot').match(/ -> /g)).toHaveLength(9)
  expect(drawGraph([run], 'dot')).not.toContain('-> r0t0')
  expect(drawGraph([run], 'text')).toContain('1  t1\n')
})

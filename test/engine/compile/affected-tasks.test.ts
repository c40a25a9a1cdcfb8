import { expect, test } from 'vitest'
import { definitionOf, type KnownTask, keepAffected } from '../../../src/engine/compile/affected-tasks.ts'
import { compileText } from './a-compile.ts'

const save = '{ type: save_to_workspace, contents: [{ source_dir: . }] }'
const restore = '{ type: restore_workspace, dest_dir: . }'

/** Tasks of run `ci` as `name: [depends, steps]`. */
async function compile(tasks: Record<string, [string[], string[]]>) {
  const text = Object.entries(tasks).map(
    ([name, [depends, steps]]) => `      - name: ${name}
        runtime: { containers: [{ image: busybox }] }
        depends: ${JSON.stringify(depends)}
        steps: [${steps.join(', ')}]
`,
  )
  const { runs } = await compileText(`runs:\n  - name: ci\n    tasks:\n${text.join('')}`)
  const run = runs[0]
  if (run === undefined) throw new Error('no run')
  return run
}

const graph: Record<string, [string[], string[]]> = {
  tools: [[], ['{ type: run, command: make tools }', save]],
  lint: [[], ['{ type: clone }', '{ type: run, command: lint }']],
  build: [['tools'], [restore, '{ type: clone }']],
  gate: [['build'], ['{ type: run, command: gate }']],
  ship: [['gate'], ['{ type: clone }', '{ type: run, command: ship }']],
  notify: [['ship'], ['{ type: run, command: notify }']],
}

async function kept(before: typeof graph, now: typeof graph, failed: string[] = []) {
  const old = await compile(before)
  const known = new Map<string, KnownTask>(
    Object.values(old.tasks).map((task) => [
      task.name,
      { definition: definitionOf(old, task), succeeded: !failed.includes(task.name) },
    ]),
  )
  const run = keepAffected(await compile(now), known)
  return run === null ? null : Object.values(run.tasks).map(({ name }) => name)
}

test('everything runs when nothing is known', async () => {
  const run = keepAffected(await compile(graph), new Map())
  expect(Object.keys(run?.tasks ?? {})).toHaveLength(6)
})

test('keeps tasks that clone, who writes what they restore, and who stands between them', async () => {
  expect(await kept(graph, graph)).toEqual(['tools', 'lint', 'build', 'gate', 'ship'])
})

test('a task without the tree runs again when it failed or was changed', async () => {
  const alone: typeof graph = {
    tools: [[], ['{ type: run, command: make }']],
    other: [[], ['{ type: run, command: ls }']],
  }
  expect(await kept(alone, alone)).toBeNull()
  expect(await kept(alone, alone, ['other'])).toEqual(['other'])
  expect(await kept(alone, { ...alone, tools: [[], ['{ type: run, command: make all }']] })).toEqual(['tools'])
})

test('a task that restores what an affected task saved is affected', async () => {
  const chain: typeof graph = {
    build: [[], ['{ type: clone }', save]],
    test: [['build'], [restore, '{ type: run, command: test }']],
    report: [['test'], ['{ type: run, command: report }']],
  }
  expect(await kept(chain, chain)).toEqual(['build', 'test'])
})

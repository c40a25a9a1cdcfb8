import fc from 'fast-check'
import { expect, test } from 'vitest'
import { definitionOf, type KnownTask, keepAffected } from '../../../src/engine/compile/affected-tasks.ts'
import type { CompiledRun } from '../../../src/engine/compile/compiled-run.ts'
import { setLevels } from '../../../src/engine/compile/run-graph.ts'
import type { RunConfigTask } from '../../../src/engine/model/run-config.ts'
import { compileText, taskOf } from './a-compile.ts'

const save = '{ type: save_to_workspace, contents: [{ source_dir: . }] }'
const restore = '{ type: restore_workspace, dest_dir: . }'

type Graph = Record<string, [depends: (string | Record<string, string[]>)[], steps: string[]]>

/** Tasks of run `ci` as `name: [depends, steps]`. */
async function compile(tasks: Graph) {
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

const graph: Graph = {
  tools: [[], ['{ type: run, command: make tools }', save]],
  lint: [[], ['{ type: clone }', '{ type: run, command: lint }']],
  build: [['tools'], [restore, '{ type: clone }']],
  gate: [['build'], ['{ type: run, command: gate }']],
  ship: [['gate'], ['{ type: clone }', '{ type: run, command: ship }']],
  notify: [['ship'], ['{ type: run, command: notify }']],
}

async function kept(before: Graph, now: Graph, failed: string[] = []) {
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
  const alone: Graph = {
    tools: [[], ['{ type: run, command: make }']],
    other: [[], ['{ type: run, command: ls }']],
  }
  expect(await kept(alone, alone)).toBeNull()
  expect(await kept(alone, alone, ['other'])).toEqual(['other'])
  expect(await kept(alone, { ...alone, tools: [[], ['{ type: run, command: make all }']] })).toEqual(['tools'])
})

test('a task that restores what an affected task saved is affected', async () => {
  const chain: Graph = {
    build: [[], ['{ type: clone }', save]],
    test: [['build'], [restore, '{ type: run, command: test }']],
    report: [['test'], ['{ type: run, command: report }']],
  }
  expect(await kept(chain, chain)).toEqual(['build', 'test'])
})

test('a task that looks at how an affected one ended is affected, one that only follows it is not', async () => {
  const make = '{ type: run, command: make }'
  const chain: Graph = {
    build: [[], ['{ type: clone }']],
    report: [[{ build: ['on_success', 'on_failure'] }], [make]],
    skipped: [[{ build: ['on_skipped'] }], [make]],
    same: [[{ build: ['on_success'] }], [make]],
    after: [['report'], [make]],
    alone: [[], [make]],
    looks: [[{ alone: ['on_failure'] }], [make]],
  }
  expect(await kept(chain, chain)).toEqual(['build', 'report', 'skipped'])
})

test('a task listed before what it depends on is affected all the same', async () => {
  const chain: Graph = {
    last: [['test'], [restore]],
    test: [['build'], [restore, save]],
    build: [[], ['{ type: clone }', save]],
  }
  expect(await kept(chain, chain)).toEqual(['last', 'test', 'build'])
})

test('one of several dependencies is enough to look at a result', async () => {
  const chain: Graph = {
    build: [[], ['{ type: clone }']],
    lint: [[], ['{ type: clone }']],
    report: [['lint', { build: ['on_failure'] }], ['{ type: run, command: report }']],
  }
  expect(await kept(chain, chain)).toEqual(['build', 'lint', 'report'])
})

test('nothing is kept that no affected task needs', async () => {
  const chain: Graph = {
    quiet: [[], ['{ type: run, command: ls }']],
    saves: [['quiet'], [save]],
    lint: [['saves'], ['{ type: clone }']],
    tools: [['quiet'], [save]],
    app: [['tools'], [restore, '{ type: clone }']],
    after: [['app'], ['{ type: run, command: done }']],
  }
  // `lint` restores nothing, so that `saves` is not for it; `quiet` saves nothing, and stands before all.
  expect(await kept(chain, chain)).toEqual(['lint', 'tools', 'app'])
})

test('a workspace is brought by everyone who wrote to it, and by those whose workspaces they began with', async () => {
  const chain: Graph = {
    base: [[], [save]],
    other: [['base'], ['{ type: run, command: nothing saved }']],
    tools: [['other'], [restore, save]],
    app: [['tools'], [restore, '{ type: clone }']],
    unrelated: [[], [save]],
  }
  // `other` is needed between `base` and `tools` alone, to keep them in order.
  expect(await kept(chain, chain)).toEqual(['base', 'other', 'tools', 'app'])
})

test('who supplies a task that stands between two others comes before it', async () => {
  const chain: Graph = {
    tools: [[], ['{ type: run, command: make tools }', save]],
    app: [['tools'], ['{ type: clone }', restore]],
    data: [[], ['{ type: run, command: fetch }', save]],
    middle: [['data'], ['{ type: run, command: ls }']],
    gate: [['tools', 'middle'], [restore]],
    ship: [['gate'], ['{ type: clone }']],
  }
  expect(await kept(chain, chain)).toEqual(['tools', 'app', 'data', 'middle', 'gate', 'ship'])
})

test('a definition is what a task does and after whom, not its ids or its level', async () => {
  const text: Graph = { a: [[], []], b: [['a'], ['{ type: run, command: make }']] }
  const of = async (tasks: Graph, change?: (task: RunConfigTask) => void) => {
    const run = await compile(tasks)
    const task = taskOf(run, 'b')
    change?.(task)
    return definitionOf(run, task)
  }
  const definition = await of(text)
  expect(await of(text, (task) => Object.assign(task, { id: 'new', level: 7 }))).toBe(definition)
  expect(await of({ c: [[], []], ...text })).toBe(definition)
  const others: Graph[] = [
    { ...text, b: [['a'], ['{ type: run, command: make all }']] },
    { ...text, b: [[], ['{ type: run, command: make }']] },
    { ...text, b: [[{ a: ['on_failure'] }], ['{ type: run, command: make }']] },
    { c: [[], []], b: [['c'], ['{ type: run, command: make }']] },
  ]
  for (const other of others) expect(await of(other)).not.toBe(definition)
})

test('in any graph what is kept stays in order, and finds everything that it restores', async () => {
  const names = [...'abcdefgh']
  const steps = fc.subarray(['{ type: clone }', save, restore])
  const anyGraph = fc.array(fc.tuple(fc.subarray(names), steps), { minLength: 8, maxLength: 8 })
  await fc.assert(
    fc.asyncProperty(anyGraph, async (tasks) => {
      // Straight from the compiled form: the config refuses dependencies that others imply.
      const run = await compile(Object.fromEntries(tasks.map(([, own], index) => [names[index] ?? '', [[], own]])))
      for (const [index, [parents]] of tasks.entries()) {
        const depends = parents.filter((parent) => names.indexOf(parent) > index).map((name) => `id of ${name}`)
        taskOf(run, names[index] ?? '').depends = Object.fromEntries(
          depends.map((taskId) => [taskId, { taskId, conditions: ['on_success'] }]),
        )
      }
      setLevels(run.tasks)
      const known = Object.values(run.tasks).map((task): [string, KnownTask] => {
        return [task.name, { definition: definitionOf(run, task), succeeded: true }]
      })
      const kept = keepAffected(run, new Map(known))
      const isAffected = Object.values(run.tasks).some((task) => task.steps.some(({ type }) => type === 'clone'))
      expect(kept === null).toBe(!isAffected)
      for (const task of Object.values(kept?.tasks ?? {})) {
        const before = ancestorsIn(run, task.id)
        const still = ancestorsIn(kept ?? run, task.id)
        expect([...still].sort()).toEqual([...before].filter((id) => kept?.tasks[id] !== undefined).sort())
        if (!task.steps.some(({ type }) => type === 'restore_workspace')) continue
        const suppliers = [...before].filter((id) =>
          run.tasks[id]?.steps.some(({ type }) => type === 'save_to_workspace'),
        )
        for (const id of suppliers) expect(kept?.tasks).toHaveProperty([id])
      }
    }),
  )
})

function ancestorsIn(run: CompiledRun, id: string, found = new Set<string>()): Set<string> {
  for (const parent of Object.keys(run.tasks[id]?.depends ?? {})) {
    if (!found.has(parent)) ancestorsIn(run, parent, found.add(parent))
  }
  return found
}

import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { HostDriver } from '../../src/engine/adapters/drivers/host/driver.ts'
import { systemClock, systemRandom } from '../../src/engine/adapters/system.ts'
import type { RunTask } from '../../src/engine/model/run.ts'
import { oneRun } from '../support/local-configs.ts'
import { LocalMachine } from '../support/local-machine.ts'
import { ServedEngine } from '../support/served-engine.ts'

const list =
  'find . -path ./.git -prune -o \\( -type f -o -type l -o -type d \\) -print | sort | while read -r f; do stat -c "%n %a %F" "$f"; done; cat out/* 2>/dev/null || true'
const saved = (paths: string[]) => ({ save_to_workspace: { contents: [{ source_dir: '.', dest_dir: 'out', paths }] } })

const files = {
  'src/main.txt': 'main\n',
  'src/tool.sh': '#!/bin/sh\necho tool\n',
  ...oneRun({
    build: {
      steps: [
        { clone: null },
        {
          type: 'run',
          name: 'make',
          command: 'mkdir -p bin; cp src/main.txt bin/main; chmod 750 bin/main; ln -s main bin/link',
        },
        saved(['bin/**']),
      ],
    },
    other: { steps: [`echo other > other; mkdir deep; echo d > deep/d`, saved(['other', 'deep/**'])] },
    collect: { depends: ['build', 'other'], steps: [{ restore_workspace: { dest_dir: '.' } }, list] },
    cloned: {
      depends: ['build'],
      steps: [
        { clone: null },
        list,
        'git rev-parse HEAD; git status --porcelain; echo $AGOLA_GIT_BRANCH $AGOLA_GIT_REF_TYPE $CI',
      ],
    },
    caching: {
      steps: [
        'echo v > file',
        { save_cache: { key: 'k-{{ md5sum "file" }}', contents: [{ source_dir: '.', paths: ['file'] }] } },
        'rm file',
        { restore_cache: { keys: ['k-'], dest_dir: '.' } },
        'cat file',
      ],
    },
    fails: { steps: ['echo broken; exit 7', 'echo never'], ignore_failure: true },
    refused: { steps: ['mkdir x; echo > x/x', saved(['x/[']), 'echo never'], ignore_failure: true },
    'after failure': { depends: [{ task: 'fails', conditions: ['on_failure'] }], steps: ['echo cleaning'] },
    'not after failure': { depends: ['fails'], steps: ['echo never'] },
  }),
}

/** What a run has become, without what may differ: ids, times, and how a clone step is made. */
interface Outcome {
  result: string
  tasks: { name: string; status: string; steps: [phase: string, exitStatus: number | null][] }[]
  /** Of the run steps that print what they see, by task and step. */
  printed: Record<string, string>
}

function byName(tasks: Outcome['tasks']): Outcome['tasks'] {
  return tasks.toSorted((a, b) => (a.name < b.name ? -1 : 1))
}

const printing = [
  ['collect', 1],
  ['cloned', 1],
  ['cloned', 2],
  ['caching', 4],
  ['fails', 0],
  ['after failure', 0],
] as const

describe('the same config', () => {
  let machine: LocalMachine
  let served: ServedEngine
  beforeEach(async () => {
    machine = await LocalMachine.create({ engine: null })
    served = await ServedEngine.start(
      (directory) =>
        new HostDriver({
          ...{ clock: systemClock, random: systemRandom, executorsGroupId: 'group' },
          ...{ baseDir: join(directory, 'pods'), environment: process.env, hostBusyboxPaths: [] },
        }),
    )
  })
  afterEach(async () => {
    await served.end()
    await machine.end()
  })

  const locally = async (directory: string): Promise<Outcome> => {
    await machine.run(['directrun', 'start', '--driver', 'host'], { directory })
    const run = JSON.parse((await machine.run(['directrun', 'inspect', '--output', 'json'], { directory })).stdout)
    const printed: Record<string, string> = {}
    for (const [task, step] of printing) {
      const words = ['directrun', 'logs', '--task', task, '--step', String(step), '--raw', '--no-prefix']
      printed[`${task}/${step}`] = (await machine.run(words, { directory })).stdout
    }
    type Step = { phase: string; exit_status: number | null }
    const tasks = run.tasks.map(({ name, status, steps }: { name: string; status: string; steps: Step[] }) => ({
      ...{ name, status },
      steps: steps.map(({ phase, exit_status: exitStatus }) => [phase, exitStatus]),
    }))
    return { result: run.result, tasks: byName(tasks), printed }
  }

  const onServer = async (directory: string): Promise<Outcome> => {
    const { run, runConfig } = await served.run(directory, await machine.git(directory, 'rev-parse', 'HEAD'))
    const tasks = Object.values(runConfig.tasks)
    const stateOf = (id: string) => run.tasks[id] as RunTask
    const printed: Record<string, string> = {}
    for (const [name, step] of printing) {
      const id = tasks.find((task) => task.name === name)?.id ?? ''
      printed[`${name}/${step}`] = await served.log(run, id, step)
    }
    return {
      result: run.result,
      tasks: byName(
        tasks.map(({ id, name }) => ({
          ...{ name, status: stateOf(id).status },
          steps: stateOf(id).steps.map(({ phase, exitStatus }) => [phase, exitStatus]),
        })),
      ),
      printed,
    }
  }

  it('gives equal task results, step exit codes, workspaces and caches on a server and locally', async () => {
    const directory = await machine.repository(files)
    const [local, server] = [await locally(directory), await onServer(directory)]
    expect(local).toEqual(server)
    expect(local.result).toBe('success')
    const statuses = Object.fromEntries(local.tasks.map(({ name, status }) => [name, status]))
    expect(statuses).toMatchObject({ fails: 'failed', refused: 'failed', 'not after failure': 'skipped' })
    expect(local.printed['collect/1']).toContain('./out/bin/link')
  })
})

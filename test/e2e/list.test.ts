import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { beforeEach, describe, expect, it } from 'vitest'
import { oneRun } from '../support/local-configs.ts'
import type { LocalMachine } from '../support/local-machine.ts'
import { machineSuite } from '../support/machine-suite.ts'

const start = ['directrun', 'start', '--driver', 'host']
const list = ['directrun', 'list']

describe('directrun list', () => {
  const suite = machineSuite({ leavesNothing: true })
  let machine: LocalMachine
  beforeEach(() => {
    machine = suite.machine
  })

  const passes = oneRun({ a: { steps: ['true'] } })
  const fails = oneRun({ a: { steps: ['false'] } })

  it('shows the runs of all repositories, newest first, with where they are, from anywhere', async () => {
    const one = await machine.repository(passes)
    const two = await machine.repository(fails)
    for (const directory of [one, two, one]) await machine.run(start, { directory })
    const all = await machine.run([...list, '--all-repos', '--output', 'json'])
    expect(all).toMatchObject({ code: 0, stderr: '' })
    const runs: Record<string, unknown>[] = JSON.parse(all.stdout).runs
    expect(runs).toMatchObject([
      { number: 2, result: 'success', work_tree: one },
      { number: 1, result: 'failed', work_tree: two, repo_uuid: await machine.git(two, 'config', 'agola.repouuid') },
      { number: 1, result: 'success', work_tree: one },
    ])
    const failed = await machine.run([...list, '--all-repos', '--result', 'failed'])
    expect(failed.stdout).toMatch(new RegExp(`^1 {2}failed {2}${two} {2}ci {2}main {2}`))
    expect((await machine.run([...list, '--all-repos', '--limit', '1'])).stdout).toMatch(
      /^2 .*\nthere are older ones: /,
    )
    const own = JSON.parse((await machine.run([...list, '--output', 'json'], { directory: two })).stdout)
    expect(own.runs).toHaveLength(1)
    expect(own.runs[0]).not.toHaveProperty('work_tree')
  })

  it('shows those of other repositories when a store is damaged, and says so', async () => {
    const one = await machine.repository(passes)
    await machine.run(start, { directory: one })
    const [store = ''] = await machine.repositories()
    await machine.run(start, { directory: await machine.repository(fails) })
    await writeFile(join(store, 'store.sqlite'), 'this is no store. '.repeat(400))
    const { code, stdout, stderr } = await machine.run([...list, '--all-repos'])
    expect([code, stdout.split('\n')]).toMatchObject([0, [expect.stringContaining('failed'), '']])
    expect(stderr).toMatch(/^agola: the runs of repository [\da-f-]+ cannot be listed: .* is not a store/)
  })

  it('goes on with a line for each change, until Ctrl-C', async () => {
    const gate = join(machine.directory, 'go')
    const directory = await machine.repository(oneRun({ a: { steps: [`until [ -e ${gate} ]; do sleep 0.1; done`] } }))
    const watching = machine.start([...list, '--watch'], { directory })
    await watching.says('no runs\n')
    const run = machine.run(start, { directory })
    await watching.says('1  running ')
    await writeFile(gate, '')
    await run
    await watching.says('1  success ')
    watching.signal('SIGINT')
    const { code, stdout } = await watching.ended
    expect(code).toBe(130)
    expect(stdout.match(/^1 {2}success/gm)).toHaveLength(1)
  })

  it('ends when nobody reads any more', async () => {
    const directory = await machine.repository(passes)
    await machine.run(start, { directory })
    const watching = machine.start([...list, '--all-repos', '--watch', '--output', 'json'])
    await watching.says('"number":1')
    watching.closeStdout()
    await machine.run(start, { directory })
    expect((await watching.ended).code).toBe(0)
  })

  it('draws itself anew on a terminal', async () => {
    const directory = await machine.repository(passes)
    const watching = machine.startOnTerminal([...list, '--watch'], { directory })
    await watching.shows('no runs')
    await machine.run(start, { directory })
    await watching.shows('success')
    expect(watching.text).toContain('\x1b[1A\x1b[J')
    watching.type('\x03')
    expect(await watching.ended).toBe(130)
  })
})

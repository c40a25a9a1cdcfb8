import { join } from 'node:path'
import { beforeEach, describe, expect, it } from 'vitest'
import { oneRun } from '../support/local-configs.ts'
import type { LocalMachine } from '../support/local-machine.ts'
import { machineSuite } from '../support/machine-suite.ts'

const start = ['directrun', 'start', '--driver', 'host', '--no-screen', '--no-color']
const deploy = oneRun({
  build: { steps: ['echo built'] },
  deploy: { steps: ['echo deployed'], approval: true, depends: ['build'] },
})

describe('approvals', () => {
  const suite = machineSuite({ leavesNothing: true })
  let machine: LocalMachine
  beforeEach(() => {
    machine = suite.machine
  })

  const inspect = async (directory: string) =>
    JSON.parse((await machine.run(['directrun', 'inspect', '--output', 'json'], { directory })).stdout)

  it('are asked for on the terminal, and recorded', async () => {
    const directory = await machine.repository(deploy)
    const program = machine.startOnTerminal(start, { directory })
    await program.shows('approve deploy? (after build')
    program.type('a\r')
    expect(await program.ended).toBe(0)
    expect(program.text).toContain('deployed')
    const [, task] = (await inspect(directory)).tasks
    expect(JSON.stringify(task)).toMatch(/local:\w+@/)
  })

  it('wait when a person says later, and explain themselves', async () => {
    const directory = await machine.repository(deploy)
    const program = machine.startOnTerminal(start, { directory })
    await program.shows('approve deploy?')
    program.type('what\r')
    await program.shows('a approves deploy')
    program.type('\r')
    await program.shows('one task waits for approval, Enter to answer')
    program.type('\r')
    const asked = program.text.length
    await program.shows('approve deploy?', asked)
    program.type('a\r')
    expect(await program.ended).toBe(0)
  })

  it('are asked for on the terminal, never on a standard input that is something else', async () => {
    const directory = await machine.repository({ ...deploy, answers: 's\ns\n' })
    const redirections = '< answers | cat'
    const program = machine.startOnTerminal(start, { directory, redirections })
    await program.shows('approve deploy?')
    program.type('a\r')
    expect(await program.ended).toBe(0)
  })

  it('end with the run on Ctrl-C at the question', async () => {
    const directory = await machine.repository(deploy)
    const program = machine.startOnTerminal(start, { directory })
    await program.shows('approve deploy?')
    program.type('\x03')
    expect(await program.ended).toBe(130)
    expect(program.text).toContain('stopping, press again to kill')
    const run = await inspect(directory)
    expect(run).toMatchObject({ result: 'stopped' })
    expect(run.tasks[1]).toMatchObject({ name: 'deploy', status: 'skipped' })
    expect(JSON.stringify(run)).not.toContain('"waiting_approval":true')
  })

  it('are cleared when the run is stopped, at the question or in another terminal', async () => {
    const directory = await machine.repository(deploy)
    const asked = machine.startOnTerminal(start, { directory })
    await asked.shows('approve deploy?')
    asked.type('s\r')
    expect(await asked.ended).toBe(4)
    const other = machine.startOnTerminal(start, { directory })
    await other.shows('approve deploy?')
    expect((await machine.run(['directrun', 'stop'], { directory })).code).toBe(0)
    expect(await other.ended).toBe(4)
    const run = await inspect(directory)
    expect(run.tasks[1]).toMatchObject({ status: 'skipped' })
    const late = await machine.run(['directrun', 'approve', '2', 'deploy'], { directory })
    expect([late.code, late.stderr]).toEqual([3, expect.stringContaining('run 2')])
  })

  it('that come from a second terminal take the question back', async () => {
    const gate = join(machine.directory, 'go')
    const directory = await machine.repository(
      oneRun({ deploy: { steps: [`until [ -e ${gate} ]; do sleep 0.1; done; echo went on`], approval: true } }),
    )
    const program = machine.startOnTerminal(start, { directory })
    await program.shows('approve deploy?')
    const asked = program.text.length
    expect((await machine.run(['directrun', 'approve', '1', 'deploy'], { directory })).code).toBe(0)
    await program.shows('[deploy] started', asked)
    await machine.write(machine.directory, { go: '' })
    expect(await program.ended).toBe(0)
    expect(program.text.slice(program.text.indexOf('[deploy/setup]', asked))).not.toContain('approve deploy?')
  })

  it('given by flags are not asked for', async () => {
    const directory = await machine.repository(deploy)
    const program = machine.startOnTerminal([...start, '--approve', 'deploy'], { directory })
    expect(await program.ended).toBe(0)
    expect(program.text).not.toContain('approve deploy?')
  })

  it('that nobody can give stop the run once nothing else can go on, and say which flag gives them', async () => {
    const directory = await machine.repository(deploy)
    const { code, stdout, stderr } = await machine.run(start, { directory })
    expect(code).toBe(4)
    expect(stdout).toContain('] built')
    expect(stderr).toContain('--approve "deploy"')
  })

  it('that are given ahead are not asked for, and must name a task', async () => {
    const directory = await machine.repository(deploy)
    for (const flags of [['--approve', 'deploy'], ['--approve-all']]) {
      const { code, stdout, stderr } = await machine.run([...start, ...flags], { directory })
      expect(stdout).toContain('deployed')
      expect(stderr).not.toContain('approv')
      expect(code).toBe(0)
    }
    for (const command of [start, ['directrun', 'restart', '--driver', 'host', '--no-screen']]) {
      const { code, stderr } = await machine.run([...command, '--approve', 'deplyo'], { directory })
      expect(stderr).toContain(
        'agola: --approve: no task "deplyo" waits for approval. Did you mean "deploy"? These do: "deploy"\n',
      )
      expect(code).toBe(2)
    }
    const { stdout } = await machine.run(['directrun', 'list', '--output', 'json'], { directory })
    expect(JSON.parse(stdout).runs).toHaveLength(2)
  })
})

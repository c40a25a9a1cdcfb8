import { rm } from 'node:fs/promises'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { oneRun } from '../support/local-configs.ts'
import { LocalMachine } from '../support/local-machine.ts'
import type { Ended } from '../support/program.ts'

const start = ['directrun', 'start', '--driver', 'host', '--output', 'ndjson']
const restart = ['directrun', 'restart', '--driver', 'host', '--output', 'ndjson']

/** The run fails as long as the file `gate` is not there. */
const files = (gate: string) =>
  oneRun({
    kept: {
      steps: [
        'echo made in run $AGOLA_RUN_COUNTER > made',
        { save_to_workspace: { contents: [{ source_dir: '.', dest_dir: '.', paths: ['made'] }] } },
      ],
    },
    beside: { steps: ['true'] },
    fails: {
      depends: ['kept'],
      steps: [{ restore_workspace: { dest_dir: '.' } }, `cat made; test -e ${gate}`],
    },
    after: { depends: ['fails'], steps: ['echo after'] },
  })

describe('a restart from the failed tasks', () => {
  let machine: LocalMachine
  let directory: string
  beforeEach(async () => {
    machine = await LocalMachine.create({ engine: null })
    directory = await machine.repository(files(join(machine.directory, 'go')))
    expect((await machine.run(start, { directory })).code).toBe(1)
    await machine.write(machine.directory, { go: '' })
  })
  afterEach(() => machine.end())

  const eventsOf = ({ stdout }: Ended): Record<string, unknown>[] =>
    stdout.split('\n').flatMap((line) => (line === '' ? [] : [JSON.parse(line)]))

  it('runs only what failed and what depends on it, on the workspaces and the tree of then', async () => {
    await machine.write(directory, { '.agola/config.json': 'changed meanwhile' })
    const again = await machine.run([...restart, '--from-failed'], { directory })
    expect([again.code, again.stderr]).toEqual([0, again.stderr])
    const events = eventsOf(again)
    const started = events.filter(({ type }) => type === 'task_started').map(({ task }) => task)
    expect(started).toEqual(['fails', 'after'])
    expect(events.map(({ data }) => data)).toContainEqual(expect.stringContaining('made in run 1'))
    const kept = await machine.run(['directrun', 'logs', '2', '--task', 'kept'], { directory })
    expect([kept.code, (await machine.run(['directrun', 'inspect', '2'], { directory })).code]).toEqual([0, 0])
  })

  it('is refused when the workspace of a task that would be kept has been pruned, and one from the start is not', async () => {
    const [repository = ''] = await machine.repositories()
    await rm(join(repository, 'objects/data/workspacearchives'), { recursive: true })
    const refused = await machine.run([...restart, '--from-failed'], { directory })
    expect(refused.code).toBe(3)
    expect(refused.stderr).toMatch(/run 1 cannot be restarted: .*expired/)
    const whole = await machine.run([...restart], { directory })
    expect(whole.code).toBe(0)
    expect(whole.stdout).toContain('made in run ')
  })

  it('is refused when nothing failed', async () => {
    expect((await machine.run([...restart, '--from-failed'], { directory })).code).toBe(0)
    const refused = await machine.run([...restart, '--from-failed'], { directory })
    expect([refused.code, refused.stderr]).toEqual([3, expect.stringContaining('it succeeded')])
  })
})

import { beforeEach, describe, expect, it } from 'vitest'
import { chownTree } from '../support/chown-tree.ts'
import {
  type EngineOfUser,
  startRootfulPodman,
  startRootlessDockerd,
  startRootlessPodman,
} from '../support/engine-of-user.ts'
import { engineSuite } from '../support/engine-suite.ts'
import { oneRun } from '../support/local-configs.ts'
import type { LocalMachine } from '../support/local-machine.ts'
import type { Program } from '../support/program.ts'

const contents = [{ source_dir: '.', dest_dir: '.', paths: ['made'] }]

/** The program finds what its user has. The one without any privilege is not even known to this machine by name. */
describe.each([
  ['rootless Podman', 'rootless Podman', startRootlessPodman],
  ['rootless Docker', 'rootless Docker', startRootlessDockerd],
  ['Podman of root', 'CONTAINER_HOST', startRootfulPodman],
])('direct runs over %s', (_, origin, startEngine) => {
  const suite = engineSuite(startEngine)
  let world: EngineOfUser
  let machine: LocalMachine
  let image: string
  beforeEach(() => {
    ;({ world, machine, image } = suite)
  })

  /** A fresh clone of a repository, as the user makes one. */
  async function clone(files: Record<string, unknown>): Promise<string> {
    const origin = await machine.repository(files)
    const directory = `${origin}-clone`
    await machine.git(machine.directory, 'clone', '--quiet', origin, directory)
    await chownTree(machine.directory, world.userId)
    return directory
  }

  function start(directory: string, args: string[]): Program {
    // Nobody says where the engine is.
    const environment = { ...world.environment, DOCKER_HOST: '' }
    return machine.start(args, { directory, environment, through: world.asUser })
  }

  const tasks = () => ({
    build: {
      runtime: { containers: [{ image }, { image, entrypoint: 'sleep 1000' }] },
      steps: [{ clone: null }, 'id -u; cat .agola/config.json >made', { save_to_workspace: { contents } }],
    },
    check: {
      runtime: { containers: [{ image, user: 'dev' }] },
      depends: ['build'],
      steps: [
        { restore_workspace: { dest_dir: '.' } },
        'id -u; ls',
        { save_cache: { key: 'made', contents: [{ source_dir: '.', paths: ['made'] }] } },
      ],
    },
  })

  it('finds the engine by itself, says so in one line, and runs', async () => {
    const directory = await clone(oneRun(tasks()))
    const { code, stdout, stderr } = await start(directory, ['directrun', 'start']).ended
    const { product, version } = world.engine.version
    expect(stderr).toContain(`${product} ${version} at ${world.engine.endpoint.url} (${origin})\n`)
    expect(stdout).toMatch(/\] 0\n[\s\S]*\] 1000\n[\s\S]*\] made\n/)
    expect(code).toBe(0)
    const doctor = await start(directory, ['doctor']).ended
    expect(doctor.stdout).toContain(`(${origin}), API 1.`)
    expect(doctor.stdout).toMatch(/OK +start of a container: took \d+ ms/)
    expect(doctor.code).toBe(0)
    expect(await machine.leftovers()).toEqual([])
  })

  it('leaves nothing after Ctrl-C', async () => {
    const waiting = { ...tasks().build, steps: ['echo ready; sleep 1000'] }
    const program = start(await clone(oneRun({ waiting })), ['directrun', 'start', '--output', 'ndjson'])
    await program.printed('ready')
    program.signal('SIGINT')
    expect((await program.ended).code).toBe(130)
    expect(await machine.leftovers()).toEqual([])
  })

  it('leaves nothing after the start that follows a kill, which runs the run again', async () => {
    const waiting = { ...tasks().build, steps: ['echo ready; test "$GO" = go-on-now || sleep 1000'] }
    const environment = { GO: { from_variable: 'go' } }
    const directory = await clone(oneRun({ waiting: { ...waiting, environment } }))
    const program = start(directory, ['directrun', 'start', '--output', 'ndjson', '--secret', 'go=stay-here'])
    await program.printed('ready')
    await program.kill()
    const restart = ['directrun', 'restart', '--from-failed', '--secret', 'go=go-on-now']
    expect((await start(directory, restart).ended).code).toBe(0)
    expect(await machine.leftovers()).toEqual([])
  })
})

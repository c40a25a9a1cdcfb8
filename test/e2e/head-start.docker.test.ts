import { execFile } from 'node:child_process'
import { chmod, readFile } from 'node:fs/promises'
import { createServer as createHttpServer } from 'node:http'
import { type AddressInfo, createServer, type Server } from 'node:net'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { beforeEach, describe, expect, it } from 'vitest'
import { dockerEngine } from '../support/docker-engine.ts'
import { engineSuite } from '../support/engine-suite.ts'
import { oneRun } from '../support/local-configs.ts'

describe('a run that comes again', () => {
  const suite = engineSuite(dockerEngine, { leavesNothing: true })
  let directory: string
  let since: number
  const configOf = (command: string, image = suite.image) => oneRun({ a: { image, steps: [command] } })
  beforeEach(async () => {
    since = Date.now() / 1000
    directory = await suite.machine.repository(configOf('echo first'))
  })
  const start = (...args: string[]) => suite.machine.run(['directrun', 'start', ...args], { directory })

  /** The runs whose containers the engine was asked for, in order: `ahead` of their tasks or for them. */
  async function created(): Promise<string[]> {
    const identity = JSON.parse(await readFile(join(suite.machine.state, 'identity.json'), 'utf8'))
    const label = (name: string) => `{{index .Actor.Attributes "agola.io/${name}"}}`
    const { stdout } = await promisify(execFile)('docker', [
      ...[
        '--host',
        suite.world.engine.endpoint.url,
        'events',
        '--since',
        String(since),
        '--until',
        String(Date.now() / 1000),
      ],
      ...['--filter', 'event=create', '--filter', `label=agola.io/executorsgroupid=${identity.executors_group_id}`],
      ...['--format', `${label('run')} ${label('taskid')}`],
    ])
    return stdout
      .split('\n')
      .filter((line) => line.includes('/'))
      .map((line) =>
        line.replace(/^.*\//, '').replace(/^(\d+) (.*)$/, (_, run, task) => (task === '' ? `${run} ahead` : run)),
      )
  }

  it('asks for its first pod at once, in every run after the first', async () => {
    for (let run = 1; run <= 3; run++) expect((await start()).stdout).toContain('] first\n')
    expect(await created()).toEqual(['1', '2 ahead', '3 ahead'])
  })

  it('asks for nothing ahead when its config has changed', async () => {
    await start()
    await suite.machine.write(directory, configOf('echo second'))
    expect((await start()).stdout).toContain('] second\n')
    await suite.machine.write(directory, { '.agola/config.json': '{ no config' })
    expect((await start()).code).not.toBe(0)
    expect(await created()).toEqual(['1', '2'])
  })

  it('leaves nothing of a pod that does not fit', async () => {
    await start()
    // Takes the number for which the next start would have made its pod.
    await suite.machine.run(['directrun', 'restart'], { directory })
    expect(await start()).toMatchObject({ code: 0, stdout: expect.stringContaining('] first\n') })
    expect(await created()).toEqual(['1', '2', '2 ahead', '3'])
  })

  /** A start that gets no further than `engine` lets it: interrupted once that was `asked`, it ends at once and has nothing to tell. */
  async function expectInterrupted(engine: Server, asked: Promise<void>, environment: Record<string, string> = {}) {
    await new Promise<void>((resolve) => engine.listen(0, '127.0.0.1', resolve))
    const { port } = engine.address() as AddressInfo
    const program = suite.machine.start(['directrun', 'start'], {
      directory,
      environment: { ...environment, DOCKER_HOST: `tcp://127.0.0.1:${port}` },
    })
    await asked
    program.signal('SIGINT')
    expect(await program.ended).toMatchObject({ code: 130, stderr: '' })
    engine.close()
  }

  it('ends on Ctrl-C while neither git nor the engine has answered', async () => {
    await start()
    const asked = Promise.withResolvers<void>()
    const programs = join(suite.machine.directory, 'programs')
    await suite.machine.write(programs, { git: '#!/bin/sh\nexec sleep 600\n' })
    await chmod(join(programs, 'git'), 0o755)
    const engine = createServer(() => asked.resolve())
    await expectInterrupted(engine, asked.promise, { PATH: `${programs}:${process.env.PATH}` })
  })

  it('ends on Ctrl-C while an engine that has told its version tells nothing more', async () => {
    await start()
    const asked = Promise.withResolvers<void>()
    const engine = createHttpServer(({ url }, response) => {
      if (url !== '/version') return asked.resolve()
      response.end(JSON.stringify({ Version: '28.0.0', ApiVersion: '1.48', Os: 'linux', Arch: 'amd64' }))
    })
    await expectInterrupted(engine, asked.promise)
  })

  it('leaves nothing when there is nothing to run', async () => {
    await start()
    expect((await start('--strict-variables', '--task', 'b')).code).not.toBe(0)
    expect((await start('--var-file', 'none.yml')).code).not.toBe(0)
  })
})

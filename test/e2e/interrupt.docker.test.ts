import { spawn } from 'node:child_process'
import { on, once } from 'node:events'
import { createInterface } from 'node:readline'
import { fileURLToPath } from 'node:url'
import { beforeEach, describe, expect, it } from 'vitest'
import { dockerEngine, type TestEngine } from '../support/docker-engine.ts'
import { engineSuite } from '../support/engine-suite.ts'
import { oneRun } from '../support/local-configs.ts'
import type { LocalMachine } from '../support/local-machine.ts'

const start = ['directrun', 'start', '--output', 'ndjson']
const trap = "trap 'echo trapped; exit 3' INT; echo ready; while :; do sleep 0.1; done"
const deaf = "trap '' INT TERM HUP; echo ready; while :; do sleep 0.1; done"

describe('directrun start, interrupted', () => {
  const suite = engineSuite(dockerEngine)
  let world: TestEngine
  let machine: LocalMachine
  let image: string
  beforeEach(() => {
    ;({ world, machine, image } = suite)
  })

  const begin = async (tasks: Parameters<typeof oneRun>[0], args: string[] = []) => {
    const directory = await machine.repository(oneRun(tasks))
    return { directory, program: machine.start([...start, ...args], { directory }) }
  }
  const inspect = async (directory: string, number = 1) =>
    JSON.parse((await machine.run(['directrun', 'inspect', String(number), '--output', 'json'], { directory })).stdout)

  it.each([true, false])('lets a step end by itself after one Ctrl-C (terminal: %s)', async (tty) => {
    const { directory, program } = await begin({
      a: { image, steps: [{ type: 'run', command: trap, tty }] },
      b: { image, steps: ['true'], depends: ['a'] },
    })
    await program.printed('ready')
    program.signal('SIGINT')
    const { code, stderr } = await program.ended
    expect(code).toBe(130)
    expect(stderr).toContain('press again')
    const printed = program.events.map(({ data }) => String(data ?? '')).join('')
    expect(printed).toContain('trapped')
    expect(program.events.at(-1)).toMatchObject({ type: 'run_finished', result: 'stopped' })
    expect(await inspect(directory)).toMatchObject({ result: 'stopped' })
    expect(await machine.leftovers()).toEqual([])
  })

  it('kills what does not listen after the second Ctrl-C', async () => {
    const { program } = await begin({ a: { image, steps: [deaf] } }, ['--grace', '10m'])
    await program.printed('ready')
    program.signal('SIGINT')
    await program.says('press again')
    // Presses in one instant count once.
    await new Promise((resolve) => setTimeout(resolve, 400))
    program.signal('SIGINT')
    expect((await program.ended).code).toBe(130)
    expect(await machine.leftovers()).toEqual([])
  })

  it.each([
    ['SIGTERM', 143],
    ['SIGHUP', 129],
  ] as const)('ends after %s, even when a step does not listen', async (signal, code) => {
    const { program } = await begin({ a: { image, steps: [deaf] } }, ['--grace', '1s'])
    await program.printed('ready')
    program.signal(signal)
    expect((await program.ended).code).toBe(code)
    expect(await machine.leftovers()).toEqual([])
  })

  it('stops what is still being set up', async () => {
    const { directory, program } = await begin({ a: { image, steps: ['sleep 60'] } })
    await program.event(({ type }) => type === 'run_created')
    program.signal('SIGINT')
    expect((await program.ended).code).toBe(130)
    expect(await inspect(directory)).toMatchObject({ result: 'stopped' })
    expect(await machine.leftovers()).toEqual([])
  })

  it('stops while an image is being pulled', async () => {
    const registry = await startRegistry(world.inNetwork)
    try {
      const { directory, program } = await begin({ a: { image: registry.image, steps: ['never'] } })
      await registry.sends('/blobs/')
      await program.printed('pulling')
      program.signal('SIGINT')
      expect((await program.ended).code).toBe(130)
      expect(await inspect(directory)).toMatchObject({ result: 'stopped', tasks: [{ status: 'stopped' }] })
      expect(await machine.leftovers()).toEqual([])
    } finally {
      await registry.end()
    }
  })

  it('is stopped from a second terminal', async () => {
    const { directory, program } = await begin({ a: { image, steps: [trap] } })
    await program.printed('ready')
    const stop = await machine.run(['directrun', 'stop', '1'], { directory })
    expect(stop.code).toBe(0)
    expect((await program.ended).code).toBe(4)
    expect(await machine.leftovers()).toEqual([])
  })

  it('leaves nothing running when it is killed, and the next start takes away the rest', async () => {
    const containers = [{ image }, { image, entrypoint: 'sleep 1000' }]
    const { directory, program } = await begin({
      first: { image, steps: ['echo done'] },
      a: { runtime: { containers }, depends: ['first'], steps: ['echo before the end; sleep 1000'] },
      b: { image, steps: ['true'], depends: ['a'] },
    })
    await program.printed('before the end')
    await program.kill()
    // The main container ends by itself, because we held its standard input.
    await until(async () => (await machine.engineObjects()).length <= 1)
    const list = await machine.run(['directrun', 'list', '--output', 'json'], { directory })
    expect(JSON.parse(list.stdout).runs[0]).toMatchObject({ number: 1, phase: 'finished', result: 'failed' })
    const run = await inspect(directory)
    expect(run.tasks.map(({ name, status }: { name: string; status: string }) => [name, status])).toEqual([
      ['first', 'success'],
      ['a', 'failed'],
      ['b', 'skipped'],
    ])
    expect(run.tasks[1].fail_error).toContain('interrupted')
    const log = await machine.run(['directrun', 'logs', '1', '--task', 'a'], { directory })
    expect(log.stdout).toContain('before the end')
    await machine.write(directory, oneRun({ a: { image, steps: ['true'] } }))
    expect((await machine.run(['directrun', 'start'], { directory })).code).toBe(0)
    expect(await machine.leftovers()).toEqual([])
  })

  it('runs what was interrupted again, without what had succeeded', async () => {
    const { directory, program } = await begin({
      kept: {
        image,
        steps: [
          'echo kept',
          { save_to_workspace: { contents: [{ source_dir: '/etc', dest_dir: '.', paths: ['passwd'] }] } },
        ],
      },
      again: {
        image,
        depends: ['kept'],
        steps: [{ restore_workspace: { dest_dir: '.' } }, 'ls; echo waiting; test -n "$GO" || sleep 1000'],
        environment: { GO: { from_variable: 'go' } },
      },
      after: { image, depends: ['again'], steps: ['echo after'] },
    })
    await program.printed('waiting')
    await program.kill()
    const restarted = machine.start(
      ['directrun', 'restart', '1', '--from-failed', '--output', 'ndjson', '--var', 'go=1'],
      { directory },
    )
    await restarted.printed('waiting')
    restarted.signal('SIGINT')
    const { code, stderr } = await restarted.ended
    expect(code).toBe(130)
    expect(stderr).toContain('--var go changes nothing')
    const printed = restarted.events.map(({ data }) => String(data ?? '')).join('')
    expect(printed).toContain('passwd')
    expect(printed).not.toContain('kept\n')
    expect(await machine.leftovers()).toEqual([])
  })

  it('runs a failed run again from its failed tasks', async () => {
    const step = 'test -e /tmp/never || exit 5'
    const { directory, program } = await begin({
      kept: { image, steps: ['echo kept'] },
      fails: { image, steps: [step], depends: ['kept'] },
    })
    expect((await program.ended).code).toBe(1)
    const restarted = machine.start(['directrun', 'restart', '--from-failed', '--output', 'ndjson'], { directory })
    expect((await restarted.ended).code).toBe(1)
    const started = restarted.events.filter(({ type }) => type === 'task_started').map(({ task }) => task)
    expect(started).toEqual(['fails'])
    const all = machine.start(['directrun', 'restart', '1', '--output', 'ndjson'], { directory })
    expect((await all.ended).code).toBe(1)
    expect(all.events.filter(({ type }) => type === 'task_started').map(({ task }) => task)).toEqual(['kept', 'fails'])
  })

  it('leaves the pods of other terminals alone, whoever dies', async () => {
    const contents = [{ source_dir: '/etc', dest_dir: '.', paths: ['passwd'] }]
    const { directory, program: first } = await begin({
      a: { image, steps: ['echo ready; sleep 4; echo survived', { save_cache: { key: 'one', contents } }] },
    })
    const second = machine.start(start, { directory })
    const third = machine.start(start, { directory })
    await Promise.all([first, second, third].map((program) => program.printed('ready')))
    await second.kill()
    const late = machine.start(start, { directory })
    const ended = await Promise.all([first, third, late].map((program) => program.ended))
    expect(ended.map(({ code }) => code)).toEqual([0, 0, 0])
    const numbers = [first, second, third, late].map((program) => program.events[0]?.run)
    expect(new Set(numbers).size).toBe(4)
    expect(await machine.leftovers()).toEqual([])
  })

  it('leaves the pods of a terminal alone that sleeps for an hour', async () => {
    const { directory, program } = await begin({ a: { image, steps: ['echo ready; sleep 2; echo survived'] } })
    await program.printed('ready')
    program.signal('SIGSTOP')
    await machine.ageLeases(3_600_000)
    await machine.write(directory, oneRun({ a: { image, steps: ['true'] } }))
    expect((await machine.run(['directrun', 'start'], { directory })).code).toBe(0)
    program.signal('SIGCONT')
    expect((await program.ended).code).toBe(0)
    await program.printed('survived')
  })
})

/** A registry whose image never comes to its end. */
async function startRegistry(inNetwork: readonly string[]) {
  const script = fileURLToPath(new URL('../support/image-registry.ts', import.meta.url))
  const [command = '', ...words] = [...inNetwork, process.execPath, script, '', '/bin/busybox', 'slow']
  const child = spawn(command, words, { stdio: ['ignore', 'pipe', 'inherit'] })
  const lines = on(createInterface({ input: child.stdout }), 'line')
  const port = String((await lines.next()).value?.[0])
  return {
    image: `127.0.0.1:${port}/test/true:latest`,
    /** When something of this path was asked for. */
    sends: async (path: string) => {
      for await (const [line] of lines) if (String(line).includes(path)) return
    },
    end: async () => {
      const ended = once(child, 'exit')
      child.kill()
      await ended
    },
  }
}

/** Asks again until it holds: the engine tells nobody when it has removed a container. */
async function until(holds: () => Promise<boolean>): Promise<void> {
  const deadline = AbortSignal.timeout(5_000)
  while (!(await holds())) {
    if (deadline.aborted) throw new Error('the main container is still there after 5 s')
    await new Promise((resolve) => setTimeout(resolve, 50))
  }
}

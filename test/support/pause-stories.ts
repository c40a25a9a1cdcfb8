import { readFile, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { expect } from 'vitest'
import { oneRun } from './local-configs.ts'
import type { LocalMachine } from './local-machine.ts'
import type { Program } from './program.ts'

/** Stories of a failing step that is paused, for every driver of local runs. */

const steps = [
  { type: 'clone' },
  { type: 'run', name: 'test', command: 'sh ./test.sh', environment: { OWN: 'step' } },
  'echo went on; ls',
]

export interface PauseWorld {
  machine: LocalMachine
  image: string
  driver: 'docker' | 'host'
}

export interface PausedRun {
  directory: string
  program: Program
}

/** A run whose second step has failed with 3 and is paused. */
export async function pausedRun({ machine, image, driver }: PauseWorld, flags: string[] = []): Promise<PausedRun> {
  const environment = { SHARED: 'task', TOKEN: { from_variable: 'token' } }
  const files = { 'test.sh': 'echo first; exit 3\n', 'old/file': 'x', 'same.txt': 'same\n' }
  const directory = await machine.repository({ ...oneRun({ build: { image, steps, environment } }), ...files })
  const start = ['directrun', 'start', '--driver', driver, '--output', 'ndjson', '--secret', 'token=very-secret']
  const program = machine.start([...start, '--on-failure', 'pause', ...flags], { directory })
  const paused = await program.event(({ type }) => type === 'task_paused')
  expect(paused).toMatchObject({ run: 1, task: 'build', step: 'test', step_index: 1, exit_status: 3 })
  return { directory, program }
}

/** Sees the pause, looks around in the pod, edits files here, and retries. */
export async function editAndRetry(world: PauseWorld): Promise<void> {
  const { machine } = world
  const { directory, program } = await pausedRun(world)
  const agola = (...args: string[]) => machine.run(['directrun', ...args], { directory })
  expect((await agola('wait', '--until-paused')).code).toBe(77)
  const inspected = JSON.parse((await agola('inspect', '--output', 'json')).stdout)
  expect(inspected.tasks).toMatchObject([{ name: 'build', status: 'running', paused: { step: 1, exit_status: 3 } }])

  const looked = await agola('shell', 'build', '--', 'sh', '-c', 'echo $OWN $SHARED $TOKEN; ls; echo no >&2; exit 7')
  expect(looked).toMatchObject({ code: 7, stdout: 'step task very-secret\nold\nsame.txt\ntest.sh\n', stderr: 'no\n' })
  const through = ['sh', '-c', 'echo "cat same.txt; exit 5" | "$@"', 'sh']
  const typed = await machine.run(['directrun', 'shell'], { directory, through })
  expect(typed).toMatchObject({ code: 5, stdout: 'same\n' })

  await machine.write(directory, { 'test.sh': 'cat new/added; test ! -e old\n', 'new/added': 'it is new\n' })
  await rm(join(directory, 'old'), { recursive: true })
  const retried = await agola('retry', 'build', '--run', '1')
  expect(retried).toMatchObject({ code: 0, stderr: '' })
  expect(retried.stdout).toContain('1 file added, 1 file changed, 1 file deleted')

  expect((await program.ended).code).toBe(0)
  await program.printed('it is new')
  expect(program.events.map(({ type }) => type)).toContain('task_resumed')
  expect(program.events.at(-1)).toMatchObject({ type: 'run_finished', result: 'success' })
  const { stdout: log } = await agola('logs', '1', '--task', 'build', '--raw')
  expect(log).not.toContain('very-secret')
  expect(await machine.leftovers()).toEqual([])
}

/** Fails again without what was edited; then the failure is skipped. */
export async function retryWithoutSyncAndSkip(world: PauseWorld): Promise<void> {
  const { machine } = world
  const { directory, program } = await pausedRun(world)
  const agola = (...args: string[]) => machine.run(['directrun', ...args], { directory })
  await machine.write(directory, { 'test.sh': 'true\n' })
  expect((await agola('retry', '--no-sync')).code).toBe(0)
  await program.event((event) => event.type === 'task_paused' && program.events.indexOf(event) > resumedAt(program))
  expect((await agola('skip', 'build')).code).toBe(0)
  expect((await program.ended).code).toBe(0)
  await program.printed('went on')
  expect(await readFile(join(directory, 'test.sh'), 'utf8')).toBe('true\n')
  expect(await agola('retry')).toMatchObject({ code: 3, stderr: expect.stringContaining('no task') })
}

function resumedAt({ events }: Program): number {
  const index = events.findIndex(({ type }) => type === 'task_resumed')
  return index < 0 ? Number.POSITIVE_INFINITY : index
}

/** Nobody wants to repair it. */
export async function letFailureStand(world: PauseWorld): Promise<void> {
  const { directory, program } = await pausedRun(world)
  expect((await world.machine.run(['directrun', 'continue'], { directory })).code).toBe(0)
  expect((await program.ended).code).toBe(1)
  expect(program.events.find(({ type }) => type === 'task_finished')).toMatchObject({ status: 'failed' })
}

export async function expire(world: PauseWorld): Promise<void> {
  const { program } = await pausedRun(world, ['--pause-expiry', '1s'])
  expect((await program.ended).code).toBe(1)
  await program.printed('nobody came')
  expect(await world.machine.leftovers()).toEqual([])
}

/** Somebody takes the containers away, with a shell open. */
export async function losePod(world: PauseWorld): Promise<void> {
  const { machine } = world
  const { directory, program } = await pausedRun(world)
  const shell = machine.start(['directrun', 'shell', 'build', '--', 'sh', '-c', 'echo inside; sleep 1000'], {
    directory,
  })
  await shell.says('inside')
  await machine.removeEngineObjects()
  expect((await program.ended).code).toBe(1)
  expect((await shell.ended).code).not.toBe(0)
  const end = program.events.find(({ type }) => type === 'task_finished')
  expect(end).toMatchObject({ status: 'failed', fail_error: expect.stringContaining('main container ended') })
  expect(program.events.at(-1)).toMatchObject({ type: 'run_finished', result: 'failed' })
  const log = await machine.run(['directrun', 'logs', '1', '--task', 'build'], { directory })
  expect(log.stdout).toContain('] first\n')
  expect(await machine.leftovers()).toEqual([])
}

/** Ctrl-C, with a shell open. */
export async function interruptPause(world: PauseWorld): Promise<void> {
  const { machine } = world
  const { directory, program } = await pausedRun(world)
  const shell = machine.start(['directrun', 'shell', 'build', '--', 'sh', '-c', 'echo inside; sleep 1000'], {
    directory,
  })
  await shell.says('inside')
  program.signal('SIGINT')
  expect((await program.ended).code).toBe(130)
  expect((await shell.ended).code).not.toBe(0)
  expect(program.events.at(-1)).toMatchObject({ type: 'run_finished', result: 'stopped' })
  expect(await machine.leftovers()).toEqual([])
}

import { readdir, readFile, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { checkSqliteFile } from '../../src/engine/adapters/kv/sqlite-check.ts'
import type { LocalMachine } from './local-machine.ts'
import type { ProgramEvent } from './program.ts'

const nothingPrinted = 8
const shownMax = 100

/** What the program has told of one run, and therefore must never forget. */
export interface AcknowledgedRun {
  number: number
  /** null: the end was not told. */
  result: string | null
  /** By name: null when only the start was told. */
  tasks: Map<string, string | null>
  /** By task and index. */
  steps: Map<string, { phase: string | null; name: string; output: string }>
}

/** Reads the events of `--output ndjson`: each one is printed after what it tells was stored. */
export function acknowledgedIn(events: readonly ProgramEvent[]): AcknowledgedRun[] {
  const runs = new Map<number, AcknowledgedRun>()
  for (const event of events) {
    const number = Number(event.run)
    const run = runs.get(number) ?? { number, result: null, tasks: new Map(), steps: new Map() }
    runs.set(number, run)
    note(run, event)
  }
  return [...runs.values()]
}

function note(run: AcknowledgedRun, event: ProgramEvent): void {
  const task = String(event.task)
  if (event.type === 'run_finished') run.result = String(event.result)
  if (event.type === 'task_started') run.tasks.set(task, null)
  if (event.type === 'task_finished') run.tasks.set(task, String(event.status))
  if (!event.type.startsWith('step_')) return
  const key = `${task} ${event.step_index}`
  const step = run.steps.get(key) ?? { phase: null, name: String(event.step), output: '' }
  if (event.type === 'step_finished') step.phase = String(event.phase)
  if (event.type === 'step_output') step.output += String(event.data)
  run.steps.set(key, step)
}

/** What is gone of it, or different; empty: nothing. `events` counts what was compared. */
export async function missingWrites(
  machine: LocalMachine,
  directory: string,
  acknowledged: readonly AcknowledgedRun[],
): Promise<{ faults: string[]; compared: number }> {
  const faults: string[] = []
  let compared = 0
  const hold = (what: string, told: unknown, stored: unknown) => {
    compared++
    if (told !== stored) faults.push(`${what}: told ${shown(told)}, stored ${shown(stored)}`)
  }
  for (const run of acknowledged) {
    const stored = await inspect(machine, directory, run.number)
    hold(`run ${run.number}`, run.number, stored.number)
    if (run.result !== null) hold(`the result of run ${run.number}`, run.result, stored.result)
    for (const [name, status] of run.tasks) {
      const task = stored.tasks.find((one) => one.name === name)
      const what = `task ${name} of run ${run.number}`
      if (status === null) hold(`the start of ${what}`, true, task !== undefined && task.status !== 'notstarted')
      else hold(what, status, task?.status)
    }
    const logs = await logsOf(machine, directory, run.number)
    for (const [key, { phase, name, output }] of run.steps) {
      const [task = '', index = ''] = key.split(' ')
      const step = stored.tasks.find((one) => one.name === task)
      const found = index === '-1' ? step?.setup : step?.steps[Number(index)]
      const what = `step ${name} of task ${task} of run ${run.number}`
      if (phase === null) hold(`the start of ${what}`, true, found !== undefined && found.phase !== 'notstarted')
      else hold(what, phase, found?.phase)
      if (index === '-1' || output === '') continue
      hold(`what was printed by ${what}`, output, logs.get(`${task}-${index}-${name}.log`)?.slice(0, output.length))
    }
  }
  return { faults, compared }
}

/** What is wrong with the database files of all repositories. */
export async function damagedStores(machine: LocalMachine): Promise<string[]> {
  const repositories = join(machine.state, 'repos')
  const names = await readdir(repositories).catch(() => [])
  return names.flatMap((name) => checkSqliteFile(join(repositories, name, 'store.sqlite')))
}

function shown(value: unknown): string {
  const text = JSON.stringify(value) ?? 'nothing'
  return text.length <= shownMax ? text : `…${text.slice(-shownMax)} (${text.length} characters)`
}

interface StoredRun {
  number: number
  result: string
  tasks: { name: string; status: string; setup: { phase: string }; steps: { phase: string }[] }[]
}

async function inspect(machine: LocalMachine, directory: string, number: number): Promise<StoredRun> {
  const args = ['directrun', 'inspect', String(number), '--output', 'json']
  const { stdout, stderr, code } = await machine.run(args, { directory })
  if (code === 0) return JSON.parse(stdout)
  return { number: 0, result: `inspect ended with ${code}: ${stderr}`, tasks: [] }
}

async function logsOf(machine: LocalMachine, directory: string, number: number): Promise<Map<string, string>> {
  const to = join(machine.directory, 'logs')
  const args = ['directrun', 'logs', String(number), '--raw', '--output-dir', to]
  const { stderr, code } = await machine.run(args, { directory })
  if (code === nothingPrinted) return new Map()
  if (code !== 0) throw new Error(`directrun logs ${number} ended with ${code}: ${stderr}`)
  const names = await readdir(to).catch(() => [])
  const texts = await Promise.all(names.map((name) => readFile(join(to, name), 'utf8')))
  await rm(to, { recursive: true, force: true })
  return new Map(names.map((name, at) => [name, texts[at] ?? '']))
}

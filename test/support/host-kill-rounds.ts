import { type AcknowledgedRun, acknowledgedIn, damagedStores, missingWrites } from './acknowledged-writes.ts'
import { oneRun } from './local-configs.ts'
import type { LocalMachine } from './local-machine.ts'
import type { Program } from './program.ts'

export interface HostKillRoundsOptions {
  /** Without a container engine. */
  machine: LocalMachine
  rounds: number
  /** From 0 to 1, the same ones for the same seed. */
  random: () => number
  onRound?: (round: HostKillRound) => void
}

export interface HostKillRound {
  round: number
  /** Of each program that was killed: one, or two in the same repository at once. */
  deaths: Death[]
  /** What was last told before each death. */
  lastEvents: string[]
  /** Told and compared with what is stored. */
  compared: number
  /** What is wrong; empty: nothing. */
  faults: string[]
}

interface Death {
  /** Most die at work, some before they have said a word. */
  after: 'start' | 'first event'
  ms: number
}

export interface HostKillResult {
  rounds: HostKillRound[]
  /** Runs that were told of in all rounds. */
  runs: number
  /** Compared once more at the end, for all runs. */
  compared: number
  faults: string[]
}

const killMsMax = 1000
const endingRunsMax = 5
const start = ['directrun', 'start', '--driver', 'host', '--output', 'ndjson']

const config = oneRun({
  build: {
    steps: [{ clone: null }, run('make', 'for n in 1 2 3 4 5; do echo line $n; sleep 0.02; done; echo x > x'), save()],
  },
  test: { depends: ['build'], steps: [{ restore_workspace: { dest_dir: '.' } }, run('try', 'cat x; seq 1 2000')] },
  lint: { steps: [run('look', 'seq 1 500; sleep 0.2; echo done')] },
})

function run(name: string, command: string): Record<string, unknown> {
  return { type: 'run', name, command }
}

function save(): Record<string, unknown> {
  return { save_to_workspace: { contents: [{ source_dir: '.', dest_dir: '.', paths: ['x'] }] } }
}

/** Kills local runs without a word at random moments, again and again over one store, and looks whether it opens, is sound, and
 *  has everything that was told before. Ends with runs that nobody kills, until
 *  nothing is left of the dead. */
export async function hostKillRounds({
  machine,
  rounds,
  random,
  onRound,
}: HostKillRoundsOptions): Promise<HostKillResult> {
  const directory = await machine.repository(config)
  const told: AcknowledgedRun[] = []
  const results: HostKillRound[] = []
  for (let round = 1; round <= rounds; round++) {
    const deaths = Array.from({ length: random() < 0.3 ? 2 : 1 }, () => chooseDeath(random))
    const programs = deaths.map(() => machine.start(start, { directory }))
    await Promise.all(programs.map((program, at) => kill(program, deaths[at] ?? chooseDeath(random))))
    const runs = programs.flatMap(({ events }) => acknowledgedIn(events))
    const damage = await damagedStores(machine)
    const { faults, compared } = await missingWrites(machine, directory, runs)
    const twice = runs.filter(({ number }) => told.some((one) => one.number >= number))
    told.push(...runs)
    const result = {
      round,
      deaths,
      lastEvents: programs.map(lastEventOf),
      compared,
      faults: [...damage, ...faults, ...twice.map(({ number }) => `the number ${number} was given twice or late`)],
    }
    onRound?.(result)
    results.push(result)
  }
  return { rounds: results, runs: told.length, ...(await finalCheck(machine, directory, told)) }
}

async function finalCheck(machine: LocalMachine, directory: string, told: AcknowledgedRun[]) {
  const ending: string[] = []
  let left: string[] = []
  // A run waits a few seconds at most for what the dead have left; on a busy machine the next one takes the rest.
  for (let attempt = 1; attempt === 1 || (left.length > 0 && attempt <= endingRunsMax); attempt++) {
    const { code, stderr } = await machine.run(start, { directory })
    if (code !== 0) ending.push(`an undisturbed run ended with ${code}: ${stderr}`)
    left = await machine.leftovers()
  }
  const { faults, compared } = await missingWrites(machine, directory, told)
  return { compared, faults: [...ending, ...faults, ...left, ...(await damagedStores(machine))] }
}

function chooseDeath(random: () => number): Death {
  return { after: random() < 0.2 ? 'start' : 'first event', ms: Math.floor(random() * killMsMax) }
}

async function kill(program: Program, { after, ms }: Death): Promise<void> {
  if (after === 'first event') await program.event(() => true)
  await new Promise((resolve) => setTimeout(resolve, ms))
  await program.kill()
}

function lastEventOf({ events }: Program): string {
  const last = events.at(-1)
  return last === undefined ? 'nothing' : [last.type, last.task, last.step].filter(Boolean).join(' ')
}

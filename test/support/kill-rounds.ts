import { oneRun } from './local-configs.ts'
import type { LocalMachine } from './local-machine.ts'

export interface KillRoundsOptions {
  machine: LocalMachine
  image: string
  rounds: number
  /** From 0 to 1, the same ones for the same seed. */
  random: () => number
  onRound?: (round: KillRound) => void
}

export interface KillRound {
  round: number
  /** After the start of the program. */
  killedAfterMs: number
  /** What the run was doing, as far as it was told. */
  lastEvent: string
  /** Of the run that was killed and run again; null when there was none yet. */
  run: number | null
  /** What is wrong; empty: nothing. */
  faults: string[]
}

/** Kills the program at random moments without a word, from its start to where one that is not killed ends on this machine, runs each run
 *  again, and looks for what is left. */
export async function killRounds(options: KillRoundsOptions): Promise<KillRound[]> {
  const { machine, image, rounds, random, onRound } = options
  const directory = await machine.repository(config(image))
  const killMsMax = await timeOfWhole(machine, directory)
  const results: KillRound[] = []
  for (let round = 1; round <= rounds; round++) {
    const result = await killRound(machine, directory, round, Math.floor(random() * killMsMax))
    onRound?.(result)
    results.push(result)
  }
  return results
}

async function timeOfWhole(machine: LocalMachine, directory: string): Promise<number> {
  const begun = performance.now()
  const { code, stderr } = await machine.run(['directrun', 'start'], { directory })
  if (code !== 0) throw new Error(`without a kill it ended with ${code}: ${stderr}`)
  return performance.now() - begun
}

function config(image: string): Record<string, unknown> {
  const contents = [{ source_dir: '.', dest_dir: '.', paths: ['**'] }]
  const service = { image, entrypoint: 'sleep 1000' }
  return oneRun({
    build: { image, steps: [{ clone: null }, 'sleep 0.2; echo built > built', { save_to_workspace: { contents } }] },
    test: {
      runtime: { containers: [{ image }, service] },
      depends: ['build'],
      steps: [
        { restore_workspace: { dest_dir: '.' } },
        'sleep 0.2; cat built',
        { save_cache: { key: '{{ arch }}', contents } },
      ],
    },
    lint: { image, steps: [{ clone: null }, 'sleep 0.5'] },
  })
}

async function killRound(
  machine: LocalMachine,
  directory: string,
  round: number,
  killedAfterMs: number,
): Promise<KillRound> {
  const before = await newestRun(machine, directory)
  const program = machine.start(['directrun', 'start', '--output', 'ndjson'], { directory })
  await new Promise((resolve) => setTimeout(resolve, killedAfterMs))
  await program.kill()
  const last = program.events.at(-1)
  const lastEvent = last === undefined ? 'nothing' : [last.type, last.task, last.step].filter(Boolean).join(' ')
  const killed = await newestRun(machine, directory)
  const wasMade = killed !== null && killed.number !== before?.number
  const next = wasMade && killed.result !== 'success' ? ['restart', String(killed.number), '--from-failed'] : ['start']
  const { code, stderr } = await machine.run(['directrun', ...next], { directory })
  const faults = [
    ...(wasMade && killed.phase === 'running' ? [`run ${killed.number} still counts as running`] : []),
    ...(code === 0 ? [] : [`directrun ${next.join(' ')} ended with ${code}: ${stderr}`]),
    ...(await machine.leftovers()),
  ]
  return { round, killedAfterMs, lastEvent, run: wasMade ? killed.number : null, faults }
}

async function newestRun(
  machine: LocalMachine,
  directory: string,
): Promise<{ number: number; phase: string; result: string } | null> {
  const { stdout, stderr, code } = await machine.run(['directrun', 'list', '--limit', '1', '--output', 'json'], {
    directory,
  })
  if (code !== 0) throw new Error(`directrun list ended with ${code}: ${stderr}`)
  return JSON.parse(stdout).runs[0] ?? null
}

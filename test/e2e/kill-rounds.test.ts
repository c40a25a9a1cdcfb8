import { expect, it } from 'vitest'
import { hostKillRounds } from '../support/host-kill-rounds.ts'
import { LocalMachine } from '../support/local-machine.ts'
import { SeededRandom } from '../support/seeded-random.ts'

/** 100 in the long job. */
const rounds = Number(process.env.AGOLA_KILL_ROUNDS ?? 5)

it(`is killed at random moments, and its store opens with everything that was told before (${rounds} rounds)`, async () => {
  const machine = await LocalMachine.create({ engine: null })
  const random = new SeededRandom(20_262)
  try {
    const result = await hostKillRounds({ machine, rounds, random: () => random.fraction() })
    expect(result.rounds.filter(({ faults }) => faults.length > 0)).toEqual([])
    expect(result.faults).toEqual([])
    expect(result.runs).toBeGreaterThan(rounds / 4)
    expect(result.compared).toBeGreaterThan(result.runs)
  } finally {
    await machine.end()
  }
}, 1_800_000)

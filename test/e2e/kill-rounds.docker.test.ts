import { expect, it } from 'vitest'
import { dockerEngine } from '../support/docker-engine.ts'
import { TestImages } from '../support/docker-images.ts'
import { killRounds } from '../support/kill-rounds.ts'
import { LocalMachine } from '../support/local-machine.ts'
import { SeededRandom } from '../support/seeded-random.ts'

it('is killed at ten random moments, and each time the next start leaves nothing and runs the run again', async () => {
  const world = await dockerEngine()
  const images = new TestImages(world.engine)
  const image = await images.busybox()
  const machine = await LocalMachine.create({ engine: world.engine, toolsImage: image })
  const random = new SeededRandom(7)
  try {
    const rounds = await killRounds({ machine, image, rounds: 10, random: () => random.fraction() })
    expect(rounds.filter(({ faults }) => faults.length > 0)).toEqual([])
    expect(rounds.filter(({ run }) => run !== null).length).toBeGreaterThan(3)
  } finally {
    await machine.end()
    await images.removeAll()
    await world.end()
  }
})

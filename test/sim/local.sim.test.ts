import { expect, it } from 'vitest'
import { LocalWorld } from './local-world.ts'

const seedCount = Number(process.env.AGOLA_SIM_SEEDS ?? 6)
const onlySeed = process.env.AGOLA_SIM_SEED
const seeds = onlySeed === undefined ? Array.from({ length: seedCount }, (_, n) => n + 1) : [Number(onlySeed)]
const stepsMax = 60

it.each(seeds)('terminals with real executors end every run and leave no pod, seed %i', async (seed) => {
  const world = await LocalWorld.make(seed)
  try {
    for (let step = 0; step < stepsMax; step++) {
      await world.step()
      expect(world.surprises).toEqual([])
    }
    await world.finish()
    expect(await world.openRuns()).toEqual([])
    expect([...world.engine.pods.keys()]).toEqual([])
  } finally {
    await world.close()
  }
  expect(world.violations).toEqual([])
})

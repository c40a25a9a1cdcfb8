// Kills the program at random moments and looks for what is left: node scripts/kill-rounds.ts [rounds] [seed]
import { dockerEngine } from '../test/support/docker-engine.ts'
import { TestImages } from '../test/support/docker-images.ts'
import { killRounds } from '../test/support/kill-rounds.ts'
import { LocalMachine } from '../test/support/local-machine.ts'
import { SeededRandom } from '../test/support/seeded-random.ts'

const [rounds = '100', seed = String(Date.now() % 1_000_000)] = process.argv.slice(2)
console.log(`${rounds} rounds, seed ${seed}`)
const world = await dockerEngine()
const images = new TestImages(world.engine)
const image = await images.busybox()
const machine = await LocalMachine.create({ engine: world.engine, toolsImage: image })
const random = new SeededRandom(Number(seed))
try {
  const results = await killRounds({
    machine,
    image,
    rounds: Number(rounds),
    random: () => random.fraction(),
    onRound: ({ round, killedAfterMs, lastEvent, run, faults }) => {
      console.log(`${round}: killed after ${killedAfterMs} ms at ${lastEvent}, run ${run ?? 'none'}`)
      for (const fault of faults) console.log(`  ${fault}`)
    },
  })
  const bad = results.filter(({ faults }) => faults.length > 0)
  console.log(
    `${results.length - bad.length} of ${results.length} rounds left nothing; ${results.filter(({ run }) => run !== null).length} runs were run again`,
  )
  process.exitCode = bad.length === 0 ? 0 : 1
} finally {
  await machine.end()
  await images.removeAll()
  await world.end()
}

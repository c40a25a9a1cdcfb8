// Kills local runs at random moments and looks for what is left or lost: node scripts/kill-rounds.ts docker|host [rounds] [seed]
import { dockerEngine } from '../test/support/docker-engine.ts'
import { TestImages } from '../test/support/docker-images.ts'
import { hostKillRounds } from '../test/support/host-kill-rounds.ts'
import { killRounds } from '../test/support/kill-rounds.ts'
import { LocalMachine } from '../test/support/local-machine.ts'
import { SeededRandom } from '../test/support/seeded-random.ts'

const [driver = 'host', count = '100', seed = String(Date.now() % 1_000_000)] = process.argv.slice(2)
const rounds = Number(count)
const seeded = new SeededRandom(Number(seed))
const random = () => seeded.fraction()
if (driver !== 'docker' && driver !== 'host') throw new Error(`the driver is docker or host, not ${driver}`)
console.log(`${rounds} rounds, driver ${driver}, seed ${seed}`)
process.exitCode = (await (driver === 'docker' ? inContainers() : onHost())) ? 0 : 1

async function onHost(): Promise<boolean> {
  const machine = await LocalMachine.create({ engine: null })
  try {
    const result = await hostKillRounds({
      machine,
      rounds,
      random,
      onRound: ({ round, deaths, lastEvents, compared, faults }) => {
        const told = deaths.map(({ ms, after }, at) => `${ms} ms after its ${after} at ${lastEvents[at]}`)
        console.log(`${round}: killed ${told.join(' and ')}; compared ${compared}`)
        printFaults(faults)
      },
    })
    const bad = result.rounds.filter(({ faults }) => faults.length > 0)
    printFaults(result.faults)
    console.log(
      `${rounds - bad.length} of ${rounds} rounds lost nothing that was told; at the end the store opens with`,
    )
    console.log(`all ${result.runs} runs told of: ${result.compared} facts compared, ${result.faults.length} wrong`)
    return bad.length === 0 && result.faults.length === 0
  } finally {
    await machine.end()
  }
}

async function inContainers(): Promise<boolean> {
  const world = await dockerEngine()
  const images = new TestImages(world.engine)
  const image = await images.busybox()
  const machine = await LocalMachine.create({ engine: world.engine, toolsImage: image })
  try {
    const results = await killRounds({
      machine,
      image,
      rounds,
      random,
      onRound: ({ round, killedAfterMs, lastEvent, run, faults }) => {
        console.log(`${round}: killed after ${killedAfterMs} ms at ${lastEvent}, run ${run ?? 'none'}`)
        printFaults(faults)
      },
    })
    const bad = results.filter(({ faults }) => faults.length > 0)
    const again = results.filter(({ run }) => run !== null)
    console.log(`${rounds - bad.length} of ${rounds} rounds left nothing; ${again.length} runs were run again`)
    return bad.length === 0
  } finally {
    await machine.end()
    await images.removeAll()
    await world.end()
  }
}

function printFaults(faults: readonly string[]): void {
  for (const fault of faults) console.log(`  ${fault}`)
}

import { dockerEngine } from '../support/docker-engine.ts'
import { podDriverContract } from './pod-driver.ts'
import { startEngineSetup } from './pod-driver-engine.ts'

podDriverContract('the Docker driver', 'real programs', async () => startEngineSetup(await dockerEngine()))

podDriverContract('the Docker driver without an opening script', 'real programs', async () =>
  startEngineSetup(await dockerEngine(), {}),
)

podDriverContract('the Docker driver with pods that follow one another in a network', 'real programs', async () => {
  const setup = await startEngineSetup(await dockerEngine())
  const driver: typeof setup.driver = (group) => {
    const made = setup.driver(group)
    made.expectPods(1_000)
    return made
  }
  return { ...setup, driver }
})

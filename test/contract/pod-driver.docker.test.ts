import { dockerEngine } from '../support/docker-engine.ts'
import { podDriverContract } from './pod-driver.ts'
import { startEngineSetup } from './pod-driver-engine.ts'

podDriverContract('the Docker driver', 'real programs', async () => startEngineSetup(await dockerEngine()))

podDriverContract('the Docker driver without an opening script', 'real programs', async () =>
  startEngineSetup(await dockerEngine(), {}),
)

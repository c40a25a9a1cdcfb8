import { startRootlessDockerd } from '../support/engine-of-user.ts'
import { podDriverContract } from './pod-driver.ts'
import { startEngineSetup } from './pod-driver-engine.ts'

podDriverContract('the Docker driver over rootless Docker', 'real programs', async () =>
  startEngineSetup(await startRootlessDockerd()),
)

import { startPodmanService } from '../support/docker-engine.ts'
import { podDriverContract } from './pod-driver.ts'
import { startEngineSetup } from './pod-driver-engine.ts'

podDriverContract('the Docker driver over Podman', 'real programs', async () =>
  startEngineSetup(await startPodmanService()),
)

import { startEngineSetup } from '../../../contract/pod-driver-engine.ts'
import { dockerEngine } from '../../../support/docker-engine.ts'
import { StepWorld } from './step-world.ts'
import { stepsSuite } from './steps-suite.ts'

stepsSuite('steps in Docker', async () => {
  const setup = await startEngineSetup(await dockerEngine())
  return StepWorld.make(setup.driver(), setup.image)
})

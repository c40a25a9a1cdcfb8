import { startEngineSetup } from '../../../contract/pod-driver-engine.ts'
import { dockerEngine } from '../../../support/docker-engine.ts'
import { StepWorld } from './step-world.ts'
import { stepsSuite } from './steps-suite.ts'

let endEngine: () => Promise<void> = async () => undefined

const make = async () => {
  const setup = await startEngineSetup(await dockerEngine())
  endEngine = setup.end
  return StepWorld.make(setup.driver(), setup.image)
}

stepsSuite('steps in Docker', make, () => endEngine())

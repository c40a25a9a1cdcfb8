import { afterAll, beforeAll } from 'vitest'
import type { Engine } from '../../src/engine/adapters/drivers/docker/probe.ts'
import { TestImages } from './docker-images.ts'
import { type MachineSuite, machineSuite } from './machine-suite.ts'

interface RunningEngine {
  engine: Engine
  end(): Promise<void>
}

export interface EngineSuite<World extends RunningEngine> extends MachineSuite {
  world: World
  images: TestImages
  /** With a static busybox; the tools come from it too. */
  image: string
}

/** Gives the tests of the suite around it an engine, an image and a machine; what it gives is there from `beforeEach` on. With
 *  `leavesNothing` each test has to leave the machine without containers, volumes and files of its runs. */
export function engineSuite<World extends RunningEngine>(
  startEngine: () => Promise<World>,
  { leavesNothing = false } = {},
): EngineSuite<World> {
  const options = () => ({ engine: suite.world.engine, toolsImage: suite.image })
  const suite = machineSuite({ leavesNothing, options }) as EngineSuite<World>
  beforeAll(async () => {
    suite.world = await startEngine()
    suite.images = new TestImages(suite.world.engine)
    suite.image = await suite.images.busybox()
  })
  afterAll(async () => {
    await suite.images.removeAll()
    await suite.world.end()
  })
  return suite
}

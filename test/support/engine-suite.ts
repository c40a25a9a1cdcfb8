import { afterAll, afterEach, beforeAll, beforeEach, expect } from 'vitest'
import type { Engine } from '../../src/engine/adapters/drivers/docker/probe.ts'
import { TestImages } from './docker-images.ts'
import { LocalMachine } from './local-machine.ts'

interface RunningEngine {
  engine: Engine
  end(): Promise<void>
}

export interface EngineSuite<World extends RunningEngine> {
  world: World
  images: TestImages
  /** With a static busybox; the tools come from it too. */
  image: string
  /** A new one for each test. */
  machine: LocalMachine
}

/** Gives the tests of the suite around it an engine, an image and a machine; what it gives is there from `beforeEach` on. With
 *  `leavesNothing` each test has to leave the machine without containers, volumes and files of its runs. */
export function engineSuite<World extends RunningEngine>(
  startEngine: () => Promise<World>,
  { leavesNothing = false } = {},
): EngineSuite<World> {
  const suite = {} as EngineSuite<World>
  beforeAll(async () => {
    suite.world = await startEngine()
    suite.images = new TestImages(suite.world.engine)
    suite.image = await suite.images.busybox()
  })
  afterAll(async () => {
    await suite.images.removeAll()
    await suite.world.end()
  })
  beforeEach(async () => {
    suite.machine = await LocalMachine.create({ engine: suite.world.engine, toolsImage: suite.image })
  })
  afterEach(async () => {
    const left = leavesNothing ? await suite.machine.leftovers() : []
    await suite.machine.end()
    expect(left).toEqual([])
  })
  return suite
}

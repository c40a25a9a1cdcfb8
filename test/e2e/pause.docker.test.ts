import { afterAll, afterEach, beforeAll, beforeEach, describe, it } from 'vitest'
import { dockerEngine, type TestEngine } from '../support/docker-engine.ts'
import { TestImages } from '../support/docker-images.ts'
import { LocalMachine } from '../support/local-machine.ts'
import { editAndRetry, interruptPause, losePod, type PauseWorld } from '../support/pause-stories.ts'

describe('a failing step that is paused, in a container', () => {
  let engine: TestEngine
  let images: TestImages
  let image: string
  let world: PauseWorld
  beforeAll(async () => {
    engine = await dockerEngine()
    images = new TestImages(engine.engine)
    image = await images.busybox()
  })
  afterAll(async () => {
    await images.removeAll()
    await engine.end()
  })
  beforeEach(async () => {
    const machine = await LocalMachine.create({ engine: engine.engine, toolsImage: image })
    world = { machine, image, driver: 'docker' }
  })
  afterEach(() => world.machine.end())

  it('can be looked at, gets what is edited, and goes on after a retry', () => editAndRetry(world))
  it('ends with its pod when that is removed from outside', () => losePod(world))
  it('ends on Ctrl-C as everything does, with the shells in its pod', () => interruptPause(world))
})

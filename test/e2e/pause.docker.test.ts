import { beforeEach, describe, it } from 'vitest'
import { dockerEngine } from '../support/docker-engine.ts'
import { engineSuite } from '../support/engine-suite.ts'
import { editAndRetry, interruptPause, losePod, type PauseWorld } from '../support/pause-stories.ts'

describe('a failing step that is paused, in a container', () => {
  const suite = engineSuite(dockerEngine)
  let world: PauseWorld
  beforeEach(() => {
    world = { machine: suite.machine, image: suite.image, driver: 'docker' }
  })

  it('can be looked at, gets what is edited, and goes on after a retry', () => editAndRetry(world))
  it('ends with its pod when that is removed from outside', () => losePod(world))
  it('ends on Ctrl-C as everything does, with the shells in its pod', () => interruptPause(world))
})

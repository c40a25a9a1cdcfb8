import { afterEach, beforeEach, describe, it } from 'vitest'
import { LocalMachine } from '../support/local-machine.ts'
import {
  editAndRetry,
  expire,
  interruptPause,
  letFailureStand,
  type PauseWorld,
  retryWithoutSyncAndSkip,
} from '../support/pause-stories.ts'

describe('a failing step that is paused, as a plain process', () => {
  let world: PauseWorld
  beforeEach(async () => {
    world = { machine: await LocalMachine.create({ engine: null }), image: 'none', driver: 'host' }
  })
  afterEach(() => world.machine.end())

  it('can be looked at, gets what is edited, and goes on after a retry', () => editAndRetry(world))
  it('keeps its files without a sync, and can be skipped', () => retryWithoutSyncAndSkip(world))
  it('fails for good when somebody says so', () => letFailureStand(world))
  it('fails for good when nobody comes', () => expire(world))
  it('ends on Ctrl-C as everything does, with the shells in its pod', () => interruptPause(world))
})

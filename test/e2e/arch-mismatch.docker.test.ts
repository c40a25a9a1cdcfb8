import { beforeEach, describe, expect, it } from 'vitest'
import { dockerEngine, type TestEngine } from '../support/docker-engine.ts'
import { engineSuite } from '../support/engine-suite.ts'
import { oneRun } from '../support/local-configs.ts'
import type { LocalMachine } from '../support/local-machine.ts'

const start = ['directrun', 'start', '--pull', 'never']

describe('a task for other processors than the engine has', () => {
  const suite = engineSuite(dockerEngine, { leavesNothing: true })
  let machine: LocalMachine
  let world: TestEngine
  beforeEach(() => {
    ;({ machine, world } = suite)
    expect(world.engine.version.arch).toBe('amd64')
  })

  const repository = async ({ runs }: { runs: boolean }) =>
    machine.repository(
      oneRun({
        other: {
          runtime: { arch: 'arm64', containers: [{ image: await suite.images.arm64({ runs }) }] },
          steps: ['echo it works'],
        },
        native: { image: suite.image, steps: ['echo native'] },
      }),
    )

  it('is emulated with a warning where the engine can', async () => {
    const { code, stdout } = await machine.run(start, { directory: await repository({ runs: true }) })
    expect(code, stdout).toBe(0)
    expect(stdout).toMatch(/\[other\/setup\] warning: arm64 is emulated on amd64, 386/)
    expect(stdout).toContain('it works')
  })

  it('fails where the engine cannot, and says how to mend that', async () => {
    const { code, stdout, stderr } = await machine.run(start, { directory: await repository({ runs: false }) })
    expect(code, stdout + stderr).toBe(1)
    expect(stdout).toContain('cannot emulate arm64: install qemu-user-static')
    expect(stdout).toContain('--arch-mismatch=skip')
  })

  it('is skipped or fails without a try, if that was asked for', async () => {
    const directory = await repository({ runs: true })
    const skipped = await machine.run([...start, '--arch-mismatch', 'skip'], { directory })
    expect(skipped.code, skipped.stdout).toBe(0)
    expect(skipped.stderr).toContain('the task other is skipped: it needs arm64, here is only amd64, 386')
    expect(skipped.stdout).not.toContain('it works')
    const failed = await machine.run([...start, '--arch-mismatch', 'fail'], { directory })
    const restart = ['directrun', 'restart', '--pull', 'never', '--from-failed', '--arch-mismatch', 'skip']
    const restarted = await machine.run(restart, { directory })
    expect(restarted.code, restarted.stderr).toBe(0)
    expect(restarted.stderr).toContain('the task other is skipped: it needs arm64, here is only amd64, 386')
    expect(failed.code, failed.stderr).toBe(1)
    expect(failed.stdout + failed.stderr).toContain('it needs the architecture arm64')
  })
})

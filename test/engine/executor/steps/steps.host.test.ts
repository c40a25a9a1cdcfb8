import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { HostDriver } from '../../../../src/engine/adapters/drivers/host/driver.ts'
import { systemClock, systemRandom } from '../../../../src/engine/adapters/system.ts'
import { StepWorld } from './step-world.ts'
import { stepsSuite } from './steps-suite.ts'

for (const [tools, hostBusyboxPaths] of [
  ['busybox', ['/bin/busybox', '/usr/bin/busybox']],
  ["the system's programs", []],
] as const) {
  let baseDir = ''
  const make = async () => {
    baseDir = await mkdtemp(join(tmpdir(), 'agola-host-'))
    const driver = new HostDriver({
      clock: systemClock,
      random: systemRandom,
      executorsGroupId: 'steps',
      baseDir,
      environment: { PATH: process.env.PATH },
      hostBusyboxPaths: [...hostBusyboxPaths],
    })
    return StepWorld.make(driver, 'ignored')
  }
  stepsSuite(`steps on the host with ${tools}`, make, () => rm(baseDir, { recursive: true }))
}

import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { HostDriver } from '../../src/engine/adapters/drivers/host/driver.ts'
import { systemClock, systemRandom } from '../../src/engine/adapters/system.ts'
import { podDriverContract } from './pod-driver.ts'

for (const [tools, hostBusyboxPaths] of [
  ['busybox', ['/bin/busybox', '/usr/bin/busybox']],
  ["the system's programs", []],
] as const) {
  podDriverContract(`the host driver with ${tools}`, 'real programs', async () => {
    const baseDir = await mkdtemp(join(tmpdir(), 'agola-host-'))
    const driver = (group: 'ours' | 'foreign' = 'ours') =>
      new HostDriver({
        clock: systemClock,
        random: systemRandom,
        executorsGroupId: group,
        baseDir,
        environment: { PATH: process.env.PATH },
        hostBusyboxPaths: [...hostBusyboxPaths],
      })
    const hasTerminals = !(await driver().capabilities()).description.includes('no terminals')
    const end = () => rm(baseDir, { recursive: true })
    return { driver, image: 'ignored', hasTerminals, end }
  })
}

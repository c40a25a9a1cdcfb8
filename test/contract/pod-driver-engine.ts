import { randomUUID } from 'node:crypto'
import { createLog } from '../../src/engine/adapters/system.ts'
import type { TestEngine } from '../support/docker-engine.ts'
import { TestImages } from '../support/docker-images.ts'
import { aDockerDriver } from '../support/docker-world.ts'
import type { DriverUnderTest } from './pod-driver.ts'

/** The Docker driver over an engine, with groups of its own, so that nobody else's pods are touched. */
export async function startEngineSetup(
  started: TestEngine,
  { opening }: Pick<DriverUnderTest, 'opening'> = { opening: { script: ':', parameters: [] } },
): Promise<DriverUnderTest> {
  const images = new TestImages(started.engine)
  const groups = { ours: randomUUID(), foreign: randomUUID() }
  const driver = (group: 'ours' | 'foreign' = 'ours') =>
    aDockerDriver(started.engine, groups[group], { log: createLog('warn', (line) => process.stderr.write(line)) })
  const end = async () => {
    await images.removeAll()
    await started.end()
  }
  return { driver, image: await images.busybox(), hasTerminals: true, ...(opening && { opening }), end }
}

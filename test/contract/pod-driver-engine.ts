import { randomUUID } from 'node:crypto'
import { DockerDriver } from '../../src/engine/adapters/drivers/docker/driver.ts'
import { defaultToolsSettings } from '../../src/engine/adapters/drivers/docker/tools-image.ts'
import { createLog, systemClock, systemRandom } from '../../src/engine/adapters/system.ts'
import type { TestEngine } from '../support/docker-engine.ts'
import { TestImages } from '../support/docker-images.ts'
import type { DriverUnderTest } from './pod-driver.ts'

/** The Docker driver over an engine, with groups of its own, so that nobody else's pods are touched. */
export async function startEngineSetup(
  started: TestEngine,
  { opening }: Pick<DriverUnderTest, 'opening'> = { opening: { script: ':', parameters: [] } },
): Promise<DriverUnderTest> {
  const images = new TestImages(started.engine)
  const groups = { ours: randomUUID(), foreign: randomUUID() }
  const driver = (group: 'ours' | 'foreign' = 'ours') =>
    new DockerDriver({
      engine: started.engine,
      clock: systemClock,
      random: systemRandom,
      log: createLog('warn', (line) => process.stderr.write(line)),
      owner: { executorsGroupId: groups[group], mode: 'local' },
      privilegedContainers: false,
      tools: defaultToolsSettings,
      clientConfig: null,
    })
  const end = async () => {
    await images.removeAll()
    await started.end()
  }
  return { driver, image: await images.busybox(), hasTerminals: true, ...(opening && { opening }), end }
}

import { DockerDriver } from '../../../../../src/engine/adapters/drivers/docker/driver.ts'
import { probeEngine } from '../../../../../src/engine/adapters/drivers/docker/probe.ts'
import { defaultToolsSettings } from '../../../../../src/engine/adapters/drivers/docker/tools-image.ts'
import { createLog, systemClock, systemRandom } from '../../../../../src/engine/adapters/system.ts'
import { aContainer, aPodRequest, runIn } from '../../../../support/docker-world.ts'

/** A program to be killed: holds the network of a pod that it has removed, says so and waits. Words: the engine's address, the group, the image. */
const [, , url = '', executorsGroupId = '', image = ''] = process.argv
const driver = new DockerDriver({
  engine: await probeEngine({ url, tls: null }),
  // Nothing that is held gets old.
  clock: { ...systemClock, sleep: () => new Promise(() => undefined) },
  random: systemRandom,
  log: createLog('error', (line) => process.stderr.write(line)),
  owner: { executorsGroupId, mode: 'local' },
  privilegedContainers: false,
  tools: defaultToolsSettings,
  clientConfig: null,
})
driver.expectPods(2)
const request = aPodRequest([aContainer(image)], { opening: { script: ':', parameters: [] } })
const pod = await driver.createPod(request, { onMessage: () => undefined })
await runIn(pod, [...pod.toolbox('true')])
await pod.remove()
process.stdout.write('holding\n')
setInterval(() => undefined, 60_000)

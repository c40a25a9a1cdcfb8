import { probeEngine } from '../../../../../src/engine/adapters/drivers/docker/probe.ts'
import { systemClock } from '../../../../../src/engine/adapters/system.ts'
import { aContainer, aDockerDriver, aPodRequest, runIn } from '../../../../support/docker-world.ts'

/** A program to be killed: holds the network of a pod that it has removed, says so and waits. Words: the engine's address, the group, the image. */
const [, , url = '', executorsGroupId = '', image = ''] = process.argv
const engine = await probeEngine({ url, tls: null })
const driver = aDockerDriver(engine, executorsGroupId, {
  // Nothing that is held gets old.
  clock: { ...systemClock, sleep: () => new Promise(() => undefined) },
})
driver.expectPods(2)
const request = aPodRequest([aContainer(image)], { opening: { script: ':', parameters: [] } })
const pod = await driver.createPod(request, { onMessage: () => undefined })
await runIn(pod, [...pod.toolbox('true')])
await pod.remove()
process.stdout.write('holding\n')
setInterval(() => undefined, 60_000)

import { DockerDriver } from '../../../../../src/engine/adapters/drivers/docker/driver.ts'
import { probeEngine } from '../../../../../src/engine/adapters/drivers/docker/probe.ts'
import { defaultToolsSettings } from '../../../../../src/engine/adapters/drivers/docker/tools-image.ts'
import { createLog, systemClock, systemRandom } from '../../../../../src/engine/adapters/system.ts'
import { aContainer, anExecRequest, aPodRequest } from '../../../../support/docker-world.ts'

/** A program to be killed: makes a pod with a service and a running command, says so and waits.
 *  Words: the engine's address, the group, the image, the pod's id, until when to keep it (0: not). */
const [, , url = '', executorsGroupId = '', image = '', podId = '', keepUntil = '0'] = process.argv
const driver = new DockerDriver({
  engine: await probeEngine({ url, tls: null }),
  clock: systemClock,
  random: systemRandom,
  log: createLog('error', (line) => process.stderr.write(line)),
  owner: { executorsGroupId, mode: 'local' },
  privilegedContainers: false,
  tools: defaultToolsSettings,
  clientConfig: null,
})
const containers = [aContainer(image), aContainer(image, { entrypoint: 'sleep 1000' })]
const keep = keepUntil === '0' ? {} : { keepUntil: Number(keepUntil) }
const pod = await driver.createPod(aPodRequest(containers, { podId, ...keep }), { onMessage: () => undefined })
const exec = await pod.exec(anExecRequest(['sleep', '1000']))
process.stdout.write('running\n')
await exec.wait()

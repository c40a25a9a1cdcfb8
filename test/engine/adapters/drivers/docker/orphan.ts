import { probeEngine } from '../../../../../src/engine/adapters/drivers/docker/probe.ts'
import { aContainer, aDockerDriver, anExecRequest, aPodRequest } from '../../../../support/docker-world.ts'

/** A program to be killed: makes a pod with a service and a running command, says so and waits.
 *  Words: the engine's address, the group, the image, the pod's id, until when to keep it (0: not). */
const [, , url = '', executorsGroupId = '', image = '', podId = '', keepUntil = '0'] = process.argv
const engine = await probeEngine({ url, tls: null })
const driver = aDockerDriver(engine, executorsGroupId)
const containers = [aContainer(image), aContainer(image, { entrypoint: 'sleep 1000' })]
const keep = keepUntil === '0' ? {} : { keepUntil: Number(keepUntil) }
const pod = await driver.createPod(aPodRequest(containers, { podId, ...keep }), { onMessage: () => undefined })
const exec = await pod.exec(anExecRequest(['sleep', '1000']))
process.stdout.write('running\n')
await exec.wait()

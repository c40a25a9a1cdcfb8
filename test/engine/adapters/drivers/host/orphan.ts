import { HostDriver } from '../../../../../src/engine/adapters/drivers/host/driver.ts'
import { systemClock, systemRandom } from '../../../../../src/engine/adapters/system.ts'
import { aContainer, anExecRequest, aPodRequest } from '../../../../support/docker-world.ts'

/** A program to be killed: starts a command with a grandchild in a session of its own, prints both process ids and waits.
 *  Words: the base directory, until when to keep the pod (0: not). */
const [, , baseDir = '', keepUntil = '0'] = process.argv
const driver = new HostDriver({
  clock: systemClock,
  random: systemRandom,
  executorsGroupId: 'ours',
  baseDir,
  environment: { PATH: process.env.PATH },
  hostBusyboxPaths: [],
})
const keep = keepUntil === '0' ? {} : { keepUntil: Number(keepUntil) }
const pod = await driver.createPod(aPodRequest([aContainer('')], { podId: 'orphan', ...keep }), {
  onMessage: () => undefined,
})
const command = ['sh', '-c', 'setsid sleep 1000 & echo $$ $!; wait']
const exec = await pod.exec(anExecRequest(command, { stdout: process.stdout }))
await exec.wait()

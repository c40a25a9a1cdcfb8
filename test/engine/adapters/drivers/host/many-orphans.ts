import { HostDriver } from '../../../../../src/engine/adapters/drivers/host/driver.ts'
import { systemClock, systemRandom } from '../../../../../src/engine/adapters/system.ts'
import { aContainer, aPodRequest } from '../../../../support/docker-world.ts'

/** A program to be killed while it makes pods below the directory that it is given. */
const [, , baseDir = ''] = process.argv
const driver = new HostDriver({
  clock: systemClock,
  random: systemRandom,
  executorsGroupId: 'ours',
  baseDir,
  environment: { PATH: process.env.PATH },
  hostBusyboxPaths: [],
})
const requests = Array.from({ length: 20 }, (_, at) => aPodRequest([aContainer('')], { podId: `orphan-${at}` }))
await Promise.all(requests.map((request) => driver.createPod(request, { onMessage: () => undefined })))
setInterval(() => undefined, 1000)

import { expect, test } from 'vitest'
import { EngineFailure } from '../../../../../src/engine/adapters/drivers/docker/client.ts'
import { explainRefusal } from '../../../../../src/engine/adapters/drivers/docker/start-refusal.ts'

const explained = (complaint: string) => explainRefusal('alpine', new EngineFailure(500, complaint))

// As engines without what they need have said it.
test.each([
  ['crun: cgroups in hybrid mode not supported, drop all controllers from cgroupv2: OCI runtime error', 'runc'],
  ['runc: runc create failed: unable to start container process: unable to setup user: invalid argument', 'subuids'],
  ['cannot find newuidmap: exec: "newuidmap": executable file not found in $PATH', 'uidmap'],
  ['could not find slirp4netns, the network namespace cannot be configured: exec: "slirp4netns"', 'slirp4netns'],
  ['error setting rlimit type 7: operation not permitted', 'default_ulimits'],
])('says how to mend an engine that complains: %s', (complaint, advice) => {
  const { code, message } = explained(complaint)
  expect(code).toBe('driverFailed')
  expect(message).toContain(complaint)
  expect(message.slice(message.indexOf(complaint) + complaint.length)).toContain(advice)
})

test('takes no complaint about an image for one about the engine', () => {
  expect(explained('exec: "/start.sh": permission denied: unknown')).toMatchObject({ code: 'imageInvalid' })
  expect(explained('no command specified')).toMatchObject({ code: 'imageInvalid' })
})

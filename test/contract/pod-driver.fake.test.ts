import { FakeEngine, FakePodDriver } from '../support/fake-pod-driver.ts'
import { podDriverContract } from './pod-driver.ts'
import { programs } from './pod-programs.ts'

podDriverContract('the fake driver', 'scripted programs', async () => {
  const engines = { ours: new FakeEngine(), foreign: new FakeEngine() }
  const driver = (group: 'ours' | 'foreign' = 'ours') => {
    const fake = new FakePodDriver(engines[group])
    for (const { script, fake: behaviour } of Object.values(programs)) {
      fake.when((request) => request.command[3] === script, behaviour)
    }
    return fake
  }
  return { driver, image: 'fake', hasTerminals: true, end: async () => undefined }
})

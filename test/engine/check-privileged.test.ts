import { expect, test } from 'vitest'
import { checkPrivileged } from '../../src/engine/check-privileged.ts'
import { aContainer, aTask } from '../support/a-run-config.ts'

const runtime = {
  type: 'pod' as const,
  arch: '' as const,
  containers: [aContainer(), aContainer({ image: 'dind', privileged: true })],
}
const tasks = [{ name: 'plain' }, { name: 'own', runtime }, { name: 'other', runtime }].map(aTask)

test('privileged containers are refused with the way out', () => {
  expect(() => checkPrivileged(tasks, { privilegedContainers: false, images: true })).toThrow(
    expect.objectContaining({
      code: 'privilegedNotAllowed',
      message:
        'task "own" has a privileged container (dind), and so have 1 more tasks; --allow-privileged allows it, or remove "privileged" from the config',
    }),
  )
})

test('where no containers are, no flag allows them', () => {
  expect(() => checkPrivileged(tasks.slice(0, 2), { privilegedContainers: false, images: false })).toThrow(
    'task "own" has a privileged container (dind); plain processes are none: run it in containers',
  )
})

test('nothing is refused that is allowed, or that does not run', () => {
  checkPrivileged(tasks, { privilegedContainers: true, images: true })
  checkPrivileged([aTask({ name: 'own', runtime, skip: true })], { privilegedContainers: false, images: true })
})

import { expect, test } from 'vitest'
import { ignoredWithoutContainers } from '../../src/engine/ignored-without-containers.ts'
import { aContainer, aTask, type TaskSketch } from '../support/a-run-config.ts'

const told = (sketches: TaskSketch[]) => ignoredWithoutContainers(sketches.map(aTask))
const pod = (...containers: ReturnType<typeof aContainer>[]) => ({
  type: 'pod' as const,
  arch: '' as const,
  containers,
})

test('the images of all tasks are ignored without containers', () => {
  expect(told([{ name: 'build' }])).toBe('warning: without containers these are ignored: images (build)')
  expect(told([{ name: 'build' }, { name: 'test' }])).toBe(
    'warning: without containers these are ignored: images (all tasks)',
  )
})

test('services, volumes, users and entrypoints are ignored without containers, each with its tasks', () => {
  const volumes = [{ path: '/x', tmpfsSizeBytes: 0 }]
  expect(
    told([
      { name: 'plain' },
      { name: 'db', runtime: pod(aContainer(), aContainer({ volumes })) },
      { name: 'cache', runtime: pod(aContainer({ volumes, user: 'dev' })) },
      { name: 'own', user: 'me', runtime: pod(aContainer({ entrypoint: 'x' })) },
    ]),
  ).toBe(
    'warning: without containers these are ignored: images (all tasks), services (db), volumes (db, cache), users (cache, own), entrypoints (own)',
  )
})

test('many tasks are counted', () => {
  const many = ['a', 'b', 'c', 'd', 'e'].map((name) => ({ name, user: 'dev' }))
  expect(told([...many, { name: 'f' }])).toContain('users (a, b, c and 2 more)')
})

test('tasks that are skipped ignore nothing', () => {
  expect(told([{ name: 'a', skip: true }])).toBeNull()
  expect(told([{ name: 'a', skip: true, user: 'dev' }, { name: 'b' }])).toContain('images (b)')
})

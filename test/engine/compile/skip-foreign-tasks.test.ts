import { expect, test } from 'vitest'
import type { CompiledRun } from '../../../src/engine/compile/compiled-run.ts'
import { skipForeignTasks } from '../../../src/engine/compile/skip-foreign-tasks.ts'
import { aContainer, aRunConfig } from '../../support/a-run-config.ts'

const on = (name: string, arch: '' | 'amd64' | 'arm64', skip = false) => {
  return { name, skip, runtime: { type: 'pod' as const, arch, containers: [aContainer()] } }
}

test('skips tasks that want other processors, and leaves all others as they are', () => {
  const compiled: CompiledRun = aRunConfig([
    on('any', ''),
    on('here', 'amd64'),
    on('there', 'arm64'),
    on('off', 'arm64', true),
  ])
  const { run, skipped } = skipForeignTasks(compiled, ['amd64', '386'])
  expect(skipped).toEqual([{ name: 'there', arch: 'arm64' }])
  expect(Object.values(run.tasks).map(({ name, skip }) => [name, skip])).toEqual([
    ['any', false],
    ['here', false],
    ['there', true],
    ['off', true],
  ])
  expect(compiled.tasks.there?.skip).toBe(false)
})

import { describe, expect, it } from 'vitest'
import { chooseExecutor, type TaskNeed, whyUnplaceable } from '../../../src/engine/decide/choose-executor.ts'
import type { Executor } from '../../../src/engine/model/executor.ts'
import { anExecutor } from '../../support/an-executor.ts'

const now = 1_000_000
const anything: TaskNeed = { arch: '', privileged: false }

function check(executors: Partial<Executor>[], need: Partial<TaskNeed>, expected: string | undefined, assigned = {}) {
  const all = executors.map((executor) => anExecutor({ lastStatusUpdateTime: now, ...executor }))
  const count = (id: string) => (assigned as Record<string, number>)[id] ?? 0
  expect(chooseExecutor(all, count, { ...anything, ...need }, now)?.id).toBe(expected)
}

describe('choosing an executor', () => {
  it('takes one that is alive and has room', () => check([{ id: 'a' }], {}, 'a'))
  it('takes none that reported as many tasks as it may have', () =>
    check([{ id: 'a', activeTasksLimit: 2, activeTasks: 2 }], {}, undefined))
  it('takes none that was given as many tasks as it may have, whatever it reported', () =>
    check([{ id: 'a', activeTasksLimit: 2, activeTasks: 0 }], {}, undefined, { a: 2 }))
  it('takes none that was silent for two minutes', () =>
    check([{ id: 'a', lastStatusUpdateTime: now - 120_000 }], {}, undefined))
  it('takes one that was silent for exactly a minute', () =>
    check([{ id: 'a', lastStatusUpdateTime: now - 60_000 }], {}, 'a'))
  it('takes none of another architecture', () => check([{ id: 'a', archs: ['arm64'] }], { arch: 'amd64' }, undefined))
  it('takes one that has the architecture among others', () =>
    check([{ id: 'a', archs: ['arm64', 'amd64'] }], { arch: 'amd64' }, 'a'))
  it('takes none that allows no privileged containers when one is needed', () =>
    check([{ id: 'a' }], { privileged: true }, undefined))
  it('takes one that allows privileged containers', () =>
    check([{ id: 'a', allowPrivilegedContainers: true }], { privileged: true }, 'a'))
  it('takes one without a limit however much it has', () =>
    check([{ id: 'a', activeTasksLimit: 0, activeTasks: 500 }], {}, 'a'))
  it('prefers the one that uses the smaller part of its limit', () =>
    check(
      [
        { id: 'a', activeTasksLimit: 2, activeTasks: 1 },
        { id: 'b', activeTasksLimit: 10, activeTasks: 2 },
      ],
      {},
      'b',
    ))
  it('prefers the one with fewer tasks, then the lower id, among equals', () => {
    check([{ id: 'b' }, { id: 'a' }], {}, 'a')
    check(
      [
        { id: 'a', activeTasksLimit: 0, activeTasks: 3 },
        { id: 'b', activeTasksLimit: 0 },
      ],
      {},
      'b',
    )
  })
})

describe('a task that no executor can run', () => {
  it('is told apart from one that has to wait', () => {
    const executors = [anExecutor({ archs: ['amd64'], activeTasks: 2, activeTasksLimit: 2 })]
    expect(whyUnplaceable(executors, { arch: 'amd64', privileged: false })).toBeUndefined()
    expect(whyUnplaceable(executors, { arch: 'arm64', privileged: false })).toMatch(/arm64.*amd64.*`arch`/)
    expect(whyUnplaceable(executors, { arch: '', privileged: true })).toMatch(/--allow-privileged/)
  })

  it('may wait as long as no executor is known', () =>
    expect(whyUnplaceable([], { arch: 'arm64', privileged: true })).toBeUndefined())
})

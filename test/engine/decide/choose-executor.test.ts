import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { chooseExecutor, needOf, type TaskNeed, whyUnplaceable } from '../../../src/engine/decide/choose-executor.ts'
import type { Executor } from '../../../src/engine/model/executor.ts'
import { aContainer, aTask } from '../../support/a-run-config.ts'
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
  it('takes the same one in whatever order they are given', () => {
    const executor = fc.record({
      activeTasksLimit: fc.constantFrom(0, 1, 2, 4),
      activeTasks: fc.integer({ min: 0, max: 4 }),
      lastStatusUpdateTime: fc.constantFrom(now, now - 60_001),
      archs: fc.constantFrom<Executor['archs']>(['amd64'], ['arm64'], ['arm64', 'amd64']),
    })
    const part = ({ activeTasks, activeTasksLimit }: Executor) =>
      activeTasksLimit === 0 ? 0 : activeTasks / activeTasksLimit
    fc.assert(
      fc.property(fc.array(executor, { maxLength: 5 }), (given) => {
        const all = given.map((executor, index) => anExecutor({ id: `e${index}`, ...executor }))
        const possible = all.filter(
          ({ archs, lastStatusUpdateTime, activeTasks, activeTasksLimit }) =>
            archs.includes('amd64') &&
            lastStatusUpdateTime === now &&
            (activeTasksLimit === 0 || activeTasks < activeTasksLimit),
        )
        // Already by id: the sort keeps that order among equals.
        const [best] = possible.sort((a, b) => part(a) - part(b) || a.activeTasks - b.activeTasks)
        for (const order of [all, all.toReversed()]) {
          expect(chooseExecutor(order, () => 0, { arch: 'amd64', privileged: false }, now)).toBe(best)
        }
      }),
    )
  })
})

describe('what a task needs', () => {
  const need = (arch: TaskNeed['arch'], ...privileged: boolean[]) =>
    needOf(
      aTask({
        name: 'a',
        runtime: { type: 'pod', arch, containers: privileged.map((value) => aContainer({ privileged: value })) },
      }),
    )

  it('is its architecture, and privileges as soon as one container has them', () => {
    expect(need('', false, false)).toEqual({ arch: '', privileged: false })
    expect(need('arm64', false, true)).toEqual({ arch: 'arm64', privileged: true })
    expect(need('386', true, false)).toEqual({ arch: '386', privileged: true })
  })
})

describe('a task that no executor can run', () => {
  it('is told apart from one that has to wait', () => {
    const executors = [anExecutor({ archs: ['amd64'], activeTasks: 2, activeTasksLimit: 2 })]
    expect(whyUnplaceable(executors, { arch: 'amd64', privileged: false })).toBeUndefined()
    expect(whyUnplaceable(executors, { arch: 'arm64', privileged: false })).toMatch(/arm64.*amd64.*`arch`/)
    expect(whyUnplaceable(executors, { arch: '', privileged: true })).toMatch(
      /--allow-privileged.*host driver has none/,
    )
  })

  it('may wait as long as no executor is known', () =>
    expect(whyUnplaceable([], { arch: 'arm64', privileged: true })).toBeUndefined())

  it('may wait as long as one executor of several could take it', () => {
    const executors = [anExecutor({ archs: ['amd64'] }), anExecutor({ archs: ['arm64'] })]
    for (const all of [executors, executors.toReversed()]) {
      expect(whyUnplaceable(all, { arch: 'arm64', privileged: false })).toBeUndefined()
    }
  })

  it('is told which architectures there are', () => {
    const on = (...archs: Executor['archs'][]) =>
      whyUnplaceable(
        archs.map((each) => anExecutor({ archs: each })),
        { arch: '386', privileged: false },
      )
    expect(on(['arm64'], ['amd64', 'arm64'])).toMatch(/needs the architecture 386, here is only amd64, arm64\b/)
    expect(on([])).toMatch(/here is only none\b/)
  })
})

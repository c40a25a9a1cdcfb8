import { describe, expect, it } from 'vitest'
import {
  applyExecutorTaskStatus,
  executorGone,
  newExecutorTask,
} from '../../../src/engine/decide/executor-task-status.ts'
import { newRunTask } from '../../../src/engine/decide/run-task-state.ts'
import type { CacheLookup } from '../../../src/engine/model/cache-lookup.ts'
import type { ExecutorTaskStatus } from '../../../src/engine/model/executor-task.ts'
import type { ExecutionPhase, RunTaskStatus } from '../../../src/engine/model/run.ts'
import { aRunStep, aTask } from '../../support/a-run-config.ts'

const task = newRunTask(aTask({ name: 'a', steps: [aRunStep(), aRunStep()] }))
const status: ExecutorTaskStatus = newExecutorTask('et', 'e', 'r', task).status

const statuses: RunTaskStatus[] = ['notstarted', 'running', 'cancelled', 'stopped', 'success', 'failed', 'skipped']
const table: Record<ExecutionPhase, string> = {
  notstarted: '✓ – – – – – –',
  cancelled: '✓ – ✓ – – – –',
  running: '✓ ✓ – – – – –',
  stopped: '✓ ✓ – ✓ – – –',
  success: '✓ ✓ – – ✓ – –',
  failed: '✓ ✓ – – – ✓ –',
}

describe('what an executor reports', () => {
  it('is applied by the acceptance table and changes nothing when it is not', () => {
    for (const [phase, row] of Object.entries(table)) {
      const marks = statuses.map((current) => {
        const reported = { ...status, phase: phase as ExecutionPhase }
        return applyExecutorTaskStatus({ ...task, status: current }, reported) === null ? '–' : '✓'
      })
      expect(`${phase}: ${marks.join(' ')}`).toBe(`${phase}: ${row}`)
    }
  })

  it('is copied with times, steps, exit codes and the reason of a failure', () => {
    const step = { phase: 'success', exitStatus: 0, startTime: 3, endTime: 4 } as const
    const reported: ExecutorTaskStatus = {
      phase: 'failed',
      timedout: true,
      failError: 'no such image',
      setupStep: step,
      steps: [step, { ...step, phase: 'failed', exitStatus: 7 }],
      startTime: 1,
      endTime: 9,
    }
    expect(applyExecutorTaskStatus({ ...task, status: 'running' }, reported)).toEqual({
      ...task,
      status: 'failed',
      timedout: true,
      failError: 'no such image',
      setupStep: { ...step, logPhase: 'notstarted' },
      steps: [
        { ...step, logPhase: 'notstarted' },
        { ...step, phase: 'failed', exitStatus: 7, logPhase: 'notstarted' },
      ],
      startTime: 1,
      endTime: 9,
    })
  })
})

describe('what an executor says about caches', () => {
  const cached: CacheLookup[] = [
    { template: 'k-{{ arch }}', key: 'k-amd64', answer: 'missing', entry: null, sizeBytes: null },
  ]

  it('is kept with the step, until it says something else', () => {
    const [first, ...others] = status.steps
    if (first === undefined) throw new Error('no steps')
    const told = applyExecutorTaskStatus(task, {
      ...status,
      phase: 'running',
      steps: [{ ...first, cache: cached }, ...others],
    })
    expect(told?.steps.map(({ cache }) => cache)).toEqual([cached, undefined])
    const later = told && applyExecutorTaskStatus(told, { ...status, phase: 'success' })
    expect(later?.steps.map(({ cache }) => cache)).toEqual([cached, undefined])
  })

  it('is nothing for steps that it does not speak of', () => {
    const told = applyExecutorTaskStatus(task, { ...status, phase: 'running', steps: [] })
    expect(told?.steps).toEqual(task.steps)
    for (const step of told?.steps ?? []) expect(step).not.toHaveProperty('cache')
  })
})

describe('an executor task', () => {
  it('begins with nothing done, and nobody has asked it to stop', () => {
    const step = { phase: 'notstarted', exitStatus: null, startTime: null, endTime: null }
    expect(newExecutorTask('et', 'e', 'r', task)).toEqual({
      id: 'et',
      executorId: 'e',
      runId: 'r',
      runTaskId: 'a',
      stop: false,
      status: {
        phase: 'notstarted',
        timedout: false,
        failError: '',
        setupStep: step,
        steps: [step, step],
        startTime: null,
        endTime: null,
      },
    })
  })
})

describe('a pause', () => {
  it('is there as long as it is reported, with the trouble of the failed try', () => {
    const paused = { step: 1, exitStatus: 3, since: 6, until: 60 }
    const report = { ...status, phase: 'running' as const }
    const during = applyExecutorTaskStatus(task, { ...report, paused, failError: 'disk full', failKind: 'unavailable' })
    expect(during).toMatchObject({ status: 'running', paused, failKind: 'unavailable' })
    const after = during && applyExecutorTaskStatus(during, report)
    expect(after).toMatchObject({ status: 'running', failError: '' })
    expect(after).not.toHaveProperty('paused')
    expect(after).not.toHaveProperty('failKind')
  })
})

describe('a task whose executor is gone', () => {
  const running = { phase: 'running', exitStatus: null, startTime: 5, endTime: null } as const
  const failed = { ...running, phase: 'failed', endTime: 50, logBytes: null }

  it('fails with its running steps, the set-up among them', () => {
    expect(executorGone({ ...status, phase: 'running', startTime: 5, setupStep: running }, 50)).toMatchObject({
      phase: 'failed',
      failError: 'interrupted: the process that ran it is gone',
      failKind: 'unavailable',
      startTime: 5,
      endTime: 50,
      setupStep: failed,
      steps: status.steps,
    })
    const steps = [{ ...running, phase: 'success' as const, endTime: 6 }, running]
    expect(executorGone({ ...status, phase: 'running', steps }, 50).steps).toEqual([steps[0], failed])
  })

  it('is paused no more', () => {
    const paused = { step: 0, exitStatus: 1, since: 6, until: 60 }
    expect(executorGone({ ...status, phase: 'running', paused }, 50)).not.toHaveProperty('paused')
  })

  it('stays as it is when it had finished', () => {
    const finished: ExecutorTaskStatus = { ...status, phase: 'success', endTime: 7 }
    expect(executorGone(finished, 50)).toBe(finished)
  })
})

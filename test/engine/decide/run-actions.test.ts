import { describe, expect, it } from 'vitest'
import {
  addTaskApprover,
  approveTask,
  changeRunPhase,
  isApprovalReached,
  stopExecutorTasks,
  stopRun,
} from '../../../src/engine/decide/run-actions.ts'
import { newRunTask } from '../../../src/engine/decide/run-task-state.ts'
import { approversOf } from '../../../src/engine/model/approvers.ts'
import type { RunPhase } from '../../../src/engine/model/run.ts'
import { aTask } from '../../support/a-run-config.ts'
import { aDraft, takeReady, writesOf } from './a-run-draft.ts'

const phases: RunPhase[] = ['setuperror', 'queued', 'cancelled', 'running', 'finished']
const inPhase = (phase: RunPhase) => aDraft([{ name: 'a' }], { run: { phase, counter: 7, startTime: null } })

function refusal(action: () => void): unknown {
  try {
    action()
  } catch (error) {
    return error
  }
  throw new Error('it was not refused')
}

describe('the phase of a queued run', () => {
  it('becomes running, which has begun now', () => {
    const draft = inPhase('queued')
    changeRunPhase(draft, 'running', 20)
    expect(draft.header).toMatchObject({ phase: 'running', startTime: 20, endTime: null, result: 'unknown' })
  })

  it('becomes cancelled, which has ended now and never began', () => {
    const draft = inPhase('queued')
    changeRunPhase(draft, 'cancelled', 20)
    expect(draft.header).toMatchObject({ phase: 'cancelled', startTime: null, endTime: 20, result: 'unknown' })
  })

  it('is the only one that can be changed', () => {
    for (const phase of phases.filter((other) => other !== 'queued')) {
      for (const wanted of ['running', 'cancelled'] as const) {
        const draft = inPhase(phase)
        expect(refusal(() => changeRunPhase(draft, wanted, 20))).toMatchObject({
          code: 'runWrongPhase',
          message: `run 7 is ${phase}, not queued`,
          details: { phase },
        })
        expect(draft.writes).toEqual([])
      }
    }
  })
})

describe('stopping a run', () => {
  it('is for running runs only', () => {
    for (const phase of phases.filter((other) => other !== 'running')) {
      const draft = inPhase(phase)
      expect(refusal(() => stopRun(draft))).toMatchObject({
        code: 'runWrongPhase',
        message: `run 7 is ${phase}, not running`,
      })
    }
  })

  it('tells the run and everything that executors have, each once', () => {
    const draft = aDraft([{ name: 'a' }, { name: 'b' }, { name: 'c' }], { scheduled: ['a', 'b'] })
    stopRun(draft)
    expect(draft.header).toMatchObject({ stop: true, phase: 'running', result: 'unknown' })
    expect(draft.executorTasks().map(({ stop }) => stop)).toEqual([true, true])
    expect(writesOf(draft)).toEqual(['header', 'executorTask a', 'executorTask b'])
    stopRun(draft)
    expect(draft.writes).toHaveLength(3)
  })

  it('tells those alone that were not told', () => {
    const draft = aDraft([{ name: 'a' }, { name: 'b' }], { run: { stop: true }, scheduled: ['a', 'b'] })
    for (const task of draft.executorTasks()) if (task.runTaskId === 'a') draft.setExecutorTask({ ...task, stop: true })
    stopExecutorTasks(draft)
    expect(writesOf(draft)).toEqual(['executorTask a', 'executorTask b'])
  })
})

describe('an approver', () => {
  const approvers = (text: string) =>
    approversOf({ ...newRunTask(aTask({ name: 'a' })), annotations: { approvers: text } })

  it('is added after the others, before the task waits too', () => {
    const draft = aDraft([{ name: 'a' }], { tasks: { a: { annotations: { note: 'x' } } } })
    addTaskApprover(draft, 'a', 'ann')
    addTaskApprover(draft, 'a', 'bob')
    expect(draft.task('a').annotations).toEqual({ note: 'x', approvers: '["ann","bob"]' })
    expect(draft.task('a')).toMatchObject({ approved: false, waitingApproval: false })
  })

  it('counts once', () => {
    const draft = aDraft([{ name: 'a' }])
    addTaskApprover(draft, 'a', 'ann')
    expect(refusal(() => addTaskApprover(draft, 'a', 'ann'))).toMatchObject({
      code: 'runTaskAlreadyApproved',
      message: 'task "a" was approved already',
    })
    expect(approversOf(draft.task('a'))).toEqual(['ann'])
  })

  it('needs a task', () =>
    expect(refusal(() => addTaskApprover(aDraft([], { run: { counter: 7 } }), 'x', 'ann'))).toMatchObject({
      code: 'runTaskDoesNotExist',
      message: 'run 7 has no task "x"',
    }))

  it('is read from the annotation, whatever else stands there', () => {
    expect(approversOf(newRunTask(aTask({ name: 'a' })))).toEqual([])
    expect(approvers('["ann",7,null,"bob"]')).toEqual(['ann', 'bob'])
    for (const text of ['{"0":"ann"}', '"ann"', '7', 'null']) expect(approvers(text)).toEqual([])
  })
})

describe('whether a task is approved', () => {
  const isReached = (approvers: string[], annotations: Record<string, string>, run: Record<string, string> = {}) =>
    isApprovalReached(
      {
        ...newRunTask(aTask({ name: 'a' })),
        waitingApproval: true,
        annotations: { ...annotations, approvers: JSON.stringify(approvers) },
      },
      run,
    )

  it('takes one approver unless more are wanted', () => {
    expect(isReached([], {})).toBe(false)
    expect(isReached(['ann'], {})).toBe(true)
  })

  it('takes as many as the task says, before what the run says', () => {
    expect(isReached(['ann'], { minApprovers: '2' })).toBe(false)
    expect(isReached(['ann', 'bob'], { minApprovers: '2' })).toBe(true)
    expect(isReached(['ann'], {}, { minApprovers: '2' })).toBe(false)
    expect(isReached(['ann', 'bob'], {}, { minApprovers: '2' })).toBe(true)
    expect(isReached(['ann'], { minApprovers: '1' }, { minApprovers: '2' })).toBe(true)
  })

  it('takes one at least, whatever is wanted', () => {
    for (const minApprovers of ['0', '-3', 'many', '']) {
      expect(isReached([], { minApprovers })).toBe(false)
      expect(isReached(['ann'], { minApprovers })).toBe(true)
    }
  })

  it('is no question before the task waits', () => {
    const task = { ...newRunTask(aTask({ name: 'a' })), annotations: { approvers: '["ann"]' } }
    expect(isApprovalReached(task, {})).toBe(false)
  })
})

describe('approving a task', () => {
  const waiting = { name: 'a', needsApproval: true }

  it('lets it start with the next decision', () => {
    const draft = aDraft([waiting])
    draft.decide(1)
    expect(draft.task('a').waitingApproval).toBe(true)
    expect(takeReady(draft)).toEqual([])
    approveTask(draft, 'a')
    expect(draft.task('a')).toMatchObject({ approved: true, waitingApproval: false, status: 'notstarted' })
    draft.decide(2)
    expect(takeReady(draft)).toEqual(['a'])
  })

  it('is refused for tasks that do not wait, were approved or do not exist', () => {
    const draft = aDraft([waiting, { name: 'b' }], { tasks: { b: { approved: true } } })
    expect(refusal(() => approveTask(draft, 'a'))).toMatchObject({
      code: 'runTaskNotWaitingApproval',
      message: 'task "a" is not waiting for approval',
    })
    expect(refusal(() => approveTask(draft, 'b'))).toMatchObject({ code: 'runTaskAlreadyApproved' })
    expect(refusal(() => approveTask(draft, 'x'))).toMatchObject({ code: 'runTaskDoesNotExist' })
    expect(draft.writes).toEqual([])
  })
})

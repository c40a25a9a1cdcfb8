import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { tasksToRun } from '../../src/engine/decide/advance-tasks.ts'
import { decideRun } from '../../src/engine/decide/decide-run.ts'
import { newExecutorTask } from '../../src/engine/decide/executor-task-status.ts'
import { approveTask, stopRun } from '../../src/engine/decide/run-actions.ts'
import { newRunState, RunDraft, type RunState } from '../../src/engine/decide/run-draft.ts'
import {
  doesDependMatch,
  isSettled,
  withAllFetched,
  withArchivesFetched,
} from '../../src/engine/decide/run-task-state.ts'
import { isTaskFinished, type Run, type RunTask, type RunTaskStatus } from '../../src/engine/model/run.ts'
import type { RunConfig } from '../../src/engine/model/run-config.ts'
import { aRunningRun } from '../support/a-run-config.ts'
import { generatedRunConfig } from '../support/generated-run.ts'

type Pick = (below: number) => number

/** Something that happens to a run from outside: an executor's report, a fetched archive, a person. */
function happen(state: RunState, draft: RunDraft, pick: Pick): void {
  const ready = draft.firstReady(() => true)
  const scheduled = draft.executorTasks().map((task) => draft.task(task.runTaskId))
  const waiting = Object.values(state.run.tasks).filter((task) => task.waitingApproval)
  const choices: (() => void)[] = [
    ...(ready === undefined ? [] : [() => give(draft, ready.id), () => give(draft, ready.id)]),
    ...scheduled.map((task) => () => progress(draft, task, pick)),
    ...waiting.map((task) => () => approveTask(draft, task.id)),
  ]
  if (pick(40) === 0) choices.push(() => stopRun(draft))
  choices[pick(choices.length)]?.()
}

function give(draft: RunDraft, id: string): void {
  draft.setExecutorTask(newExecutorTask(`et-${id}`, 'executor', draft.header.id, draft.task(id)))
}

function progress(draft: RunDraft, task: RunTask, pick: Pick): void {
  if (!isTaskFinished(task.status)) {
    const next: RunTaskStatus[] = ['running', 'success', 'success', 'success', 'failed', 'stopped']
    if (task.status === 'notstarted') next.push('cancelled')
    draft.setTask({ ...task, status: next[pick(next.length)] ?? 'success' })
  } else if (!isSettled(task)) draft.setTask(withArchivesFetched(task))
  else {
    draft.setTask(withAllFetched(task))
    draft.deleteExecutorTask(task.id)
  }
}

/** The run as the draft has it. */
function runOf(draft: RunDraft, config: RunConfig): Run {
  const tasks = Object.keys(config.tasks).map((id) => [id, draft.task(id)] as const)
  return { ...draft.header, tasks: Object.fromEntries(tasks) }
}

const scheduledOf = (draft: RunDraft) => new Set(draft.executorTasks().map((task) => task.runTaskId))

/** Takes everything that is free to start out of the draft, in its order. */
function allReady(state: RunState): string[] {
  const draft = new RunDraft(state)
  const ids: string[] = []
  for (let ready = draft.firstReady(() => true); ready !== undefined; ready = draft.firstReady(() => true)) {
    ids.push(ready.id)
    give(draft, ready.id)
  }
  draft.reject()
  return ids
}

/** Drives a run to its end; `check` sees every decision. */
function drive(config: RunConfig, choices: fc.GeneratorValue, check: (draft: RunDraft, before: Run) => void): RunState {
  const state = newRunState(aRunningRun(config), config)
  const pick: Pick = (below) => choices(fc.integer, { min: 0, max: Math.max(0, below - 1) })
  for (let step = 0; step < 40 * Object.keys(config.tasks).length + 20; step++) {
    const draft = new RunDraft(state)
    if (step > 0) happen(state, draft, pick)
    const before = runOf(draft, config)
    draft.decide(step)
    check(draft, before)
    draft.accept()
    if (state.run.phase === 'finished') return state
  }
  throw new Error('the run does not end')
}

const property = (check: (config: RunConfig, choices: fc.GeneratorValue) => void) =>
  fc.assert(fc.property(generatedRunConfig(), fc.gen(), check), { numRuns: fc.readConfigureGlobal()?.numRuns ?? 150 })

describe('deciding a run', () => {
  it('comes to the same end as passes over all of its tasks, after every event', () =>
    property((config, choices) => {
      let step = 0
      drive(config, choices, (draft, before) => {
        const plain = decideRun(before, config, scheduledOf(draft), step++)
        expect(runOf(draft, config)).toEqual(plain.run)
        const transitions = draft.writes.flatMap((write) => (write.type === 'header' ? (write.transition ?? []) : []))
        expect(transitions).toEqual(plain.transitions)
      })
    }))

  it('finds the same tasks free to start as a pass over all of them', () =>
    property((config, choices) => {
      const state = newRunState(aRunningRun(config), config)
      const pick: Pick = (below) => choices(fc.integer, { min: 0, max: Math.max(0, below - 1) })
      for (let step = 0; step < 60 && state.run.phase === 'running'; step++) {
        const draft = new RunDraft(state)
        if (step > 0) happen(state, draft, pick)
        draft.decide(step)
        draft.accept()
        const expected = tasksToRun(state.run, config, state.executorTasks)
        expect(allReady(state)).toEqual(expected)
        // What was read by rejecting a draft has to be read again by the next one.
        new RunDraft(state).decide(step)
      }
    }))

  it('starts no task before all that it depends on has ended as it wants', () =>
    property((config, choices) => {
      drive(config, choices, (draft) => {
        for (const { runTaskId } of draft.executorTasks()) {
          for (const depend of Object.values(config.tasks[runTaskId]?.depends ?? {})) {
            const parent = draft.task(depend.taskId)
            expect(isSettled(parent) && doesDependMatch(depend, parent.status)).toBe(true)
          }
        }
      })
    }))

  it('always ends, with everything fetched and with a result', () =>
    property((config, choices) => {
      const state = drive(config, choices, () => undefined)
      expect(state.run.result).not.toBe('unknown')
      expect(state.executorTasks.size).toBe(0)
      expect(state.progress.isFetched).toBe(true)
    }))

  it('changes nothing when asked again without news, also after the run was loaded anew', () =>
    property((config, choices) => {
      drive(config, choices, (draft) => {
        const count = draft.writes.length
        draft.decide(99)
        expect(draft.writes.length).toBe(count)
        const loaded = new RunDraft(newRunState(runOf(draft, config), config, draft.executorTasks()))
        loaded.decide(99)
        expect(loaded.writes).toEqual([])
      })
    }))

  it('can go on from every beginning of what a draft changed', () =>
    property((config, choices) => {
      drive(config, choices, (draft, before) => {
        const executorTasks = new Map(draft.executorTasks().map((task) => [task.runTaskId, task]))
        const end = runOf(draft, config)
        for (let length = 0; length <= draft.writes.length; length++) {
          let run = before
          for (const write of draft.writes.slice(0, length)) {
            if (write.type === 'header') run = { ...write.header, tasks: run.tasks }
            if (write.type === 'task') run = { ...run, tasks: { ...run.tasks, [write.task.id]: write.task } }
          }
          const resumed = new RunDraft(newRunState(structuredClone(run), config, executorTasks.values()))
          resumed.decide(end.endTime ?? 0)
          expect(runOf(resumed, config)).toEqual(end)
        }
      })
    }))

  it('does not depend on the order in which tasks are given', () =>
    property((config, choices) => {
      const turned = { ...config, tasks: Object.fromEntries(Object.entries(config.tasks).reverse()) }
      const ready = allReadyAtStart(config)
      expect(allReadyAtStart(turned)).toEqual(ready)
      void choices
    }))

  it('prepares only tasks whose parents have begun or are prepared, each once', () =>
    property((config, choices) => {
      const prepared = new Set<string>()
      drive(config, choices, (draft) => {
        for (let id = draft.nextToPrepare(); id !== undefined; id = draft.nextToPrepare()) {
          expect(prepared.has(id)).toBe(false)
          prepared.add(id)
          const task = config.tasks[id]
          expect(draft.executorTask(id)).toBeUndefined()
          expect(task?.needsApproval === true && !draft.task(id).approved).toBe(false)
          for (const depend of Object.values(task?.depends ?? {})) {
            const isBegun = draft.task(depend.taskId).status !== 'notstarted'
            expect(isBegun || prepared.has(depend.taskId)).toBe(true)
          }
        }
      })
    }))
})

function allReadyAtStart(config: RunConfig): string[] {
  const state = newRunState(aRunningRun(config), config)
  const draft = new RunDraft(state)
  draft.decide(0)
  draft.accept()
  return allReady(state)
}

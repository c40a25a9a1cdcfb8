import type { ProgressEvent, ProgressTask, StepRef, TaskRef } from '../../src/engine/model/progress-event.ts'
import type { ExecutionPhase, RunTaskStatus } from '../../src/engine/model/run.ts'

/** Events of run 1 for tests of views. Task ids equal task names. */
export const task = (name: string): TaskRef => ({ id: name, name })
export const step = (name: string, index = 0, type = 'run'): StepRef => ({ index, name, type })

export function runCreated(tasks: Record<string, string[]>, more: Partial<ProgressEvent> = {}): ProgressEvent {
  const entries = Object.entries(tasks).map(
    ([name, steps]): ProgressTask => ({
      ...task(name),
      level: 0,
      depends: [],
      status: 'notstarted',
      steps: steps.map((each, index) => step(each, index)),
    }),
  )
  const event = {
    time: 1000,
    run: 1,
    type: 'run_created',
    name: 'checks',
    group: '/user/u/branch/main',
    phase: 'queued',
  }
  return { ...event, setupErrors: [], tasks: entries, ...more } as ProgressEvent
}

export const taskStarted = (name: string, time = 2000): ProgressEvent => ({
  time,
  run: 1,
  type: 'task_started',
  task: task(name),
})

export const stepStarted = (name: string, stepRef: StepRef, time = 2000): ProgressEvent => ({
  time,
  run: 1,
  type: 'step_started',
  task: task(name),
  step: stepRef,
})

export const output = (name: string, stepRef: StepRef, data: string | Uint8Array, time = 2500): ProgressEvent => ({
  time,
  run: 1,
  type: 'step_output',
  task: task(name),
  step: stepRef,
  data: Buffer.from(data),
})

export const stepFinished = (
  name: string,
  stepRef: StepRef,
  phase: ExecutionPhase = 'success',
  exitStatus: number | null = 0,
): ProgressEvent => ({
  time: 3000,
  run: 1,
  type: 'step_finished',
  task: task(name),
  step: stepRef,
  phase,
  exitStatus,
  durationMs: 1000,
  cutLog: null,
})

export const taskFinished = (name: string, status: RunTaskStatus = 'success', failError = ''): ProgressEvent => ({
  time: 3000,
  run: 1,
  type: 'task_finished',
  task: task(name),
  status,
  timedout: false,
  failError,
  durationMs: 1500,
})

export const approvalRequired = (name: string): ProgressEvent => ({
  time: 2000,
  run: 1,
  type: 'approval_required',
  task: task(name),
})

export const taskPaused = (name: string, stepRef: StepRef, exitStatus: number | null = 3): ProgressEvent => ({
  time: 3000,
  run: 1,
  type: 'task_paused',
  task: task(name),
  step: stepRef,
  exitStatus,
  until: 63_000,
})

export const taskResumed = (name: string, stepRef: StepRef): ProgressEvent => ({
  time: 4000,
  run: 1,
  type: 'task_resumed',
  task: task(name),
  step: stepRef,
})

export const runFinished = (result: 'success' | 'failed' | 'stopped' = 'success'): ProgressEvent => ({
  time: 4000,
  run: 1,
  type: 'run_finished',
  phase: 'finished',
  result,
  durationMs: 65_000,
})

import type { RunTaskId, TimeMs } from '../engine/model/ids.ts'
import type { ProgressEvent, ProgressTask, StepRef } from '../engine/model/progress-event.ts'
import {
  type ExecutionPhase,
  isExecutionFinished,
  isTaskFinished,
  type RunPhase,
  type RunResult,
  type RunTaskStatus,
} from '../engine/model/run.ts'
import type { DependCondition } from '../engine/model/run-config.ts'

/** The picture of one run that all views draw. Output is not a part of it: logs are far larger than pictures. */
export interface RunView {
  number: number
  name: string
  group: string
  phase: RunPhase
  result: RunResult
  setupErrors: readonly string[]
  /** In the order of the config. */
  tasks: readonly TaskView[]
  createdAt: TimeMs
  /** null: not finished. */
  durationMs: number | null
}

export interface TaskView {
  id: RunTaskId
  name: string
  level: number
  depends: readonly { id: RunTaskId; conditions: readonly DependCondition[] }[]
  status: RunTaskStatus
  waitingApproval: boolean
  /** A step has failed and waits for somebody to say how to go on; null: none. */
  paused: { step: number; exitStatus: number | null; until: TimeMs } | null
  timedout: boolean
  failError: string
  setup: StepView
  steps: readonly StepView[]
  startedAt: TimeMs | null
  durationMs: number | null
}

export interface StepView extends StepRef {
  phase: ExecutionPhase
  exitStatus: number | null
  startedAt: TimeMs | null
  durationMs: number | null
  /** One line about its log when that is not whole; null: it is. */
  cutLog: string | null
}

/** All runs of one invocation after one more event. What did not change keeps its identity; events that came too late to
 *  matter, or of a run or task that nobody announced, change nothing. */
export function reduceRuns(runs: readonly RunView[], event: ProgressEvent): readonly RunView[] {
  if (event.type === 'step_output') return runs
  if (event.type === 'run_created') {
    const created = createRunView(event)
    const known = runs.some((run) => run.number === event.run)
    return known ? runs.map((run) => (run.number === event.run ? created : run)) : [...runs, created]
  }
  return replaceChanged(runs, (run) => (run.number === event.run ? reduceRun(run, event) : run))
}

/** One run after one more event of it. */
export function reduceRun(run: RunView, event: ProgressEvent): RunView {
  switch (event.type) {
    case 'run_created':
      return createRunView(event)
    case 'step_output':
      return run
    case 'run_finished':
      return { ...run, phase: event.phase, result: event.result, durationMs: event.durationMs }
    default: {
      const tasks = replaceChanged(run.tasks, (task) => (task.id === event.task.id ? reduceTask(task, event) : task))
      if (tasks === run.tasks) return run
      const phase = run.phase === 'queued' && event.type !== 'approval_required' ? 'running' : run.phase
      return { ...run, tasks, phase }
    }
  }
}

type TaskEvent = Exclude<ProgressEvent, { type: 'run_created' | 'run_finished' | 'step_output' }>

function reduceTask(task: TaskView, event: TaskEvent): TaskView {
  switch (event.type) {
    case 'approval_required':
      return task.status === 'notstarted' ? { ...task, waitingApproval: true } : task
    case 'task_started':
      return isTaskFinished(task.status) ? task : startTask(task, event.time)
    case 'task_finished': {
      const { status, timedout, failError, durationMs } = event
      return { ...task, status, timedout, failError, durationMs, waitingApproval: false, paused: null }
    }
    case 'task_paused': {
      const { step, exitStatus, until } = event
      return isTaskFinished(task.status) ? task : { ...task, paused: { step: step.index, exitStatus, until } }
    }
    case 'task_resumed':
      return task.paused === null ? task : { ...task, paused: null }
    case 'step_started':
    case 'step_finished':
      return reduceSteps(
        isTaskFinished(task.status) || task.startedAt !== null ? task : startTask(task, event.time),
        event,
      )
  }
}

function startTask(task: TaskView, time: TimeMs): TaskView {
  return { ...task, status: 'running', waitingApproval: false, startedAt: time }
}

type StepEvent = Extract<ProgressEvent, { type: 'step_started' | 'step_finished' }>

function reduceSteps(task: TaskView, event: StepEvent): TaskView {
  if (event.step.index < 0) return { ...task, setup: reduceStep(task.setup, event) }
  const steps = replaceChanged(task.steps, (step) => (step.index === event.step.index ? reduceStep(step, event) : step))
  return steps === task.steps ? task : { ...task, steps }
}

function reduceStep(step: StepView, event: StepEvent): StepView {
  if (event.type === 'step_started') {
    return isExecutionFinished(step.phase) ? step : { ...step, phase: 'running', startedAt: event.time }
  }
  const { phase, exitStatus, durationMs, cutLog } = event
  return { ...step, phase, exitStatus, durationMs, cutLog }
}

function createRunView(event: Extract<ProgressEvent, { type: 'run_created' }>): RunView {
  return {
    number: event.run,
    name: event.name,
    group: event.group,
    phase: event.phase,
    result: 'unknown',
    setupErrors: event.setupErrors,
    tasks: event.tasks.map(createTaskView),
    createdAt: event.time,
    durationMs: null,
  }
}

function createTaskView(task: ProgressTask): TaskView {
  return {
    id: task.id,
    name: task.name,
    level: task.level,
    depends: task.depends,
    status: task.status,
    waitingApproval: false,
    paused: null,
    timedout: false,
    failError: '',
    setup: createStepView({ index: -1, name: 'setup', type: 'setup' }),
    steps: task.steps.map(createStepView),
    startedAt: null,
    durationMs: null,
  }
}

function createStepView(step: StepRef): StepView {
  return { ...step, phase: 'notstarted', exitStatus: null, startedAt: null, durationMs: null, cutLog: null }
}

/** The step that a person would ask about: the one that runs, or the one that went wrong; null before and after. */
export function currentStep(task: TaskView): StepView | null {
  const steps = [task.setup, ...task.steps]
  const wanted: ExecutionPhase[] = isTaskFinished(task.status) ? ['failed', 'stopped'] : ['running']
  return steps.find((step) => wanted.includes(step.phase)) ?? null
}

/** `list` itself when no element changed. */
function replaceChanged<T>(list: readonly T[], change: (element: T) => T): readonly T[] {
  let changed: T[] | null = null
  for (const [index, element] of list.entries()) {
    const next = change(element)
    if (next === element) continue
    changed ??= [...list]
    changed[index] = next
  }
  return changed ?? list
}

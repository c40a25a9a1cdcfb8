import type { ExecutorTask, ExecutorTaskStatus, ExecutorTaskStepStatus } from '../model/executor-task.ts'
import type { ExecutorId, ExecutorTaskId, RunId, TimeMs } from '../model/ids.ts'
import { type ExecutionPhase, isExecutionFinished, type RunTask, type RunTaskStatus } from '../model/run.ts'

/** Reported phase → statuses in which it is applied (spec/runs.md 2.3). Reports may be late, doubled or out of order. */
const accepted: Record<ExecutionPhase, readonly RunTaskStatus[]> = {
  notstarted: ['notstarted'],
  cancelled: ['notstarted', 'cancelled'],
  running: ['notstarted', 'running'],
  stopped: ['notstarted', 'running', 'stopped'],
  success: ['notstarted', 'running', 'success'],
  failed: ['notstarted', 'running', 'failed'],
}

export function isStatusAccepted(current: RunTaskStatus, reported: ExecutionPhase): boolean {
  return accepted[reported].includes(current)
}

/** The run task with what its executor reports; null when the report does not fit and has to be ignored. */
export function applyExecutorTaskStatus(task: RunTask, status: ExecutorTaskStatus): RunTask | null {
  if (!isStatusAccepted(task.status, status.phase)) return null
  // What was true of a try that somebody had repeated is over with the next report.
  const { paused: _, failKind: __, ...rest } = task
  return {
    ...rest,
    status: status.phase,
    timedout: status.timedout,
    failError: status.failError,
    ...(status.failKind === undefined ? {} : { failKind: status.failKind }),
    ...(status.paused === undefined ? {} : { paused: status.paused }),
    startTime: status.startTime,
    endTime: status.endTime,
    setupStep: { ...task.setupStep, ...stepStatus(status.setupStep) },
    steps: task.steps.map((step, index) => ({ ...step, ...stepStatus(status.steps[index]) })),
  }
}

function stepStatus(status: ExecutorTaskStepStatus | undefined): Partial<ExecutorTaskStepStatus> {
  if (status === undefined) return {}
  const { phase, exitStatus, startTime, endTime, cache, logBytes } = status
  return { phase, exitStatus, startTime, endTime, ...(cache && { cache }), ...(logBytes !== undefined && { logBytes }) }
}

/** An executor task as it is handed over for the first time. */
export function newExecutorTask(id: ExecutorTaskId, executorId: ExecutorId, runId: RunId, task: RunTask): ExecutorTask {
  const step: ExecutorTaskStepStatus = { phase: 'notstarted', exitStatus: null, startTime: null, endTime: null }
  return {
    id,
    executorId,
    runId,
    runTaskId: task.id,
    stop: false,
    status: {
      phase: 'notstarted',
      timedout: false,
      failError: '',
      setupStep: step,
      steps: task.steps.map(() => step),
      startTime: null,
      endTime: null,
    },
  }
}

/** The status of a task whose executor is gone for good: failed, and nothing in it runs on (spec/runs.md 2.4). */
export function executorGone(status: ExecutorTaskStatus, now: TimeMs): ExecutorTaskStatus {
  if (isExecutionFinished(status.phase)) return status
  const { paused: _, ...rest } = status
  return {
    ...rest,
    phase: 'failed',
    failError: 'interrupted: the process that ran it is gone',
    failKind: 'unavailable',
    startTime: status.startTime ?? now,
    endTime: now,
    setupStep: closedStep(status.setupStep, now),
    steps: status.steps.map((step) => closedStep(step, now)),
  }
}

function closedStep(step: ExecutorTaskStepStatus, now: TimeMs): ExecutorTaskStepStatus {
  return step.phase === 'running' ? { ...step, phase: 'failed', endTime: now, logBytes: null } : step
}

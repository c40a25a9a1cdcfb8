import { isTaskFinished, type RunTask, type RunTaskStatus, type RunTaskStep } from '../model/run.ts'
import type { RunConfigTask, RunConfigTaskDepend } from '../model/run-config.ts'

/** Finished, and what its children may need of it is in object storage: they are decided now, once and for all. */
export function isSettled(task: RunTask): boolean {
  return isTaskFinished(task.status) && task.workspaceArchivesPhase.every((phase) => phase === 'finished')
}

/** Settled, and its logs are in object storage too: nothing is left at the executor. */
export function isFetched(task: RunTask): boolean {
  return isSettled(task) && task.setupStep.logPhase === 'finished' && task.steps.every((s) => s.logPhase === 'finished')
}

const matching: Partial<Record<RunTaskStatus, string>> = {
  success: 'on_success',
  failed: 'on_failure',
  skipped: 'on_skipped',
}

/** Whether a finished parent lets its child start (spec/runs.md 4.3). `stopped` and `cancelled` never do. */
export function doesDependMatch(depend: RunConfigTaskDepend, parentStatus: RunTaskStatus): boolean {
  const condition = matching[parentStatus]
  return depend.conditions.some((wanted) => wanted === condition)
}

/** The state in which a task of a new run begins (spec/runconfig.md 14). */
export function newRunTask(config: RunConfigTask): RunTask {
  const step: RunTaskStep = {
    phase: 'notstarted',
    logPhase: 'notstarted',
    exitStatus: null,
    startTime: null,
    endTime: null,
  }
  const archives = config.steps.flatMap((s, index) => (s.type === 'save_to_workspace' ? [index] : []))
  const task: RunTask = {
    id: config.id,
    status: 'notstarted',
    timedout: false,
    skip: config.skip,
    waitingApproval: false,
    approved: false,
    annotations: {},
    setupStep: step,
    steps: config.steps.map(() => step),
    workspaceArchives: archives,
    workspaceArchivesPhase: archives.map(() => 'notstarted'),
    failError: '',
    startTime: null,
    endTime: null,
  }
  return config.skip ? closed(task, 'skipped') : task
}

/** The task ended without ever having been given to an executor, so there is nothing to fetch and nobody to ask. */
export function closed(task: RunTask, status: 'skipped' | 'cancelled'): RunTask {
  return withAllFetched({ ...task, status, waitingApproval: false })
}

export function withArchivesFetched(task: RunTask): RunTask {
  return { ...task, workspaceArchivesPhase: task.workspaceArchivesPhase.map(() => 'finished') }
}

export function withAllFetched(task: RunTask): RunTask {
  return {
    ...withArchivesFetched(task),
    setupStep: { ...task.setupStep, logPhase: 'finished' },
    steps: task.steps.map((step) => ({ ...step, logPhase: 'finished' })),
  }
}

/** A finished task, without waiting for what it cannot have left: logs of steps that never began, archives of steps that did not
 *  succeed. */
export function withNothingMissing(task: RunTask): RunTask {
  return {
    ...task,
    setupStep: withoutLog(task.setupStep),
    steps: task.steps.map(withoutLog),
    workspaceArchivesPhase: task.workspaceArchivesPhase.map((phase, index) => {
      const step = task.steps[task.workspaceArchives[index] ?? -1]
      return step?.phase === 'success' ? phase : 'finished'
    }),
  }
}

function withoutLog(step: RunTaskStep): RunTaskStep {
  return step.phase === 'notstarted' ? { ...step, logPhase: 'finished' } : step
}

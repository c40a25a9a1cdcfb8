import { approversAnnotation, approversOf } from '../model/approvers.ts'
import { AgolaError } from '../model/errors.ts'
import type { RunTaskId, TimeMs } from '../model/ids.ts'
import type { RunTask } from '../model/run.ts'
import type { RunDraft } from './run-draft.ts'

/** Annotation of a task or of its run: how many approvers it takes; 1 when it is absent. */
const minApproversAnnotation = 'minApprovers'

/** queued → running or cancelled (spec/runs.md 2.1). `runWrongPhase`. */
export function changeRunPhase(draft: RunDraft, phase: 'running' | 'cancelled', now: TimeMs): void {
  const { header } = draft
  if (header.phase !== 'queued') throw wrongPhase(draft, 'queued')
  draft.setHeader(phase === 'running' ? { ...header, phase, startTime: now } : { ...header, phase, endTime: now })
}

/** Asks a running run to stop; the decision that follows skips what has not begun. Asking twice is fine. `runWrongPhase`. */
export function stopRun(draft: RunDraft): void {
  const { header } = draft
  if (header.phase !== 'running') throw wrongPhase(draft, 'running')
  if (!header.stop) draft.setHeader({ ...header, stop: true })
  stopExecutorTasks(draft)
}

/** Every executor task of a run that has to stop is told so. */
export function stopExecutorTasks(draft: RunDraft): void {
  for (const task of draft.executorTasks()) if (!task.stop) draft.setExecutorTask({ ...task, stop: true })
}

/** `runTaskDoesNotExist`; `runTaskAlreadyApproved` when this approver did it before. Others' approvals stay. */
export function addTaskApprover(draft: RunDraft, taskId: RunTaskId, approver: string): void {
  const task = existingTask(draft, taskId)
  const approvers = approversOf(task)
  if (approvers.includes(approver)) throw alreadyApproved(draft, taskId)
  const annotations = { ...task.annotations, [approversAnnotation]: JSON.stringify([...approvers, approver]) }
  draft.setTask({ ...task, annotations })
}

/** Lets a waiting task start. `runTaskDoesNotExist`, `runTaskAlreadyApproved`, `runTaskNotWaitingApproval`. */
export function approveTask(draft: RunDraft, taskId: RunTaskId): void {
  const task = existingTask(draft, taskId)
  if (task.approved) throw alreadyApproved(draft, taskId)
  if (!task.waitingApproval) {
    throw new AgolaError('runTaskNotWaitingApproval', `task ${taskName(draft, taskId)} is not waiting for approval`)
  }
  draft.setTask({ ...task, approved: true, waitingApproval: false })
  draft.progress.candidates.push(taskId)
}

/** Whether a task waits for approval and has enough approvers to be approved: as many as its own annotation says, or that of its run. */
export function isApprovalReached(task: RunTask, runAnnotations: Readonly<Record<string, string>>): boolean {
  const wanted = Number(task.annotations[minApproversAnnotation] ?? runAnnotations[minApproversAnnotation] ?? 1)
  return task.waitingApproval && approversOf(task).length >= (wanted >= 1 ? wanted : 1)
}

function existingTask(draft: RunDraft, taskId: RunTaskId): RunTask {
  const task = draft.findTask(taskId)
  if (task !== undefined) return task
  throw new AgolaError('runTaskDoesNotExist', `run ${draft.header.counter} has no task ${JSON.stringify(taskId)}`)
}

function taskName(draft: RunDraft, taskId: RunTaskId): string {
  return JSON.stringify(draft.config.tasks[taskId]?.name ?? taskId)
}

function alreadyApproved(draft: RunDraft, taskId: RunTaskId): AgolaError {
  return new AgolaError('runTaskAlreadyApproved', `task ${taskName(draft, taskId)} was approved already`)
}

function wrongPhase(draft: RunDraft, wanted: string): AgolaError {
  const { counter, phase } = draft.header
  return new AgolaError('runWrongPhase', `run ${counter} is ${phase}, not ${wanted}`, { details: { phase } })
}

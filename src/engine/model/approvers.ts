import type { RunTask } from './run.ts'

/** Task annotation: JSON array of the ids of those who approved (spec/runs.md 6). */
export const approversAnnotation = 'approvers'

export function approversOf(task: RunTask): string[] {
  const text = task.annotations[approversAnnotation]
  if (text === undefined) return []
  const approvers: unknown = JSON.parse(text)
  return Array.isArray(approvers) ? approvers.filter((approver) => typeof approver === 'string') : []
}

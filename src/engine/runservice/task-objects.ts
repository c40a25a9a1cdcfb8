import type { RunId, RunTaskId } from '../model/ids.ts'
import type { ObjectStorage } from '../ports/object-storage.ts'

/** Where logs and archives of tasks lie in the object storage (spec/runs.md 10.1). Several runs may share those of a task; the
 *  empty markers tell which, so that nothing is deleted that a run still needs. */
export const logs = 'logs/'
export const archives = 'workspacearchives/'
export type TaskObjects = typeof logs | typeof archives

export function logKey(taskId: RunTaskId, step: number | null): string {
  return `${logs}${taskId}/data/${step === null ? 'setup' : `steps/${step}`}.log`
}

export function archiveKey(taskId: RunTaskId, step: number): string {
  return `${archives}${taskId}/data/${step}.tar`
}

export function markerKey(kind: TaskObjects, taskId: RunTaskId, runId: RunId): string {
  return `${kind}${taskId}/runs/${runId}`
}

/** What a cleaner puts beside the data of a task before it looks for users for the last time and deletes the data. */
export function expiringKey(kind: TaskObjects, taskId: RunTaskId, cleaner: string): string {
  return `${expiringPrefix(kind, taskId)}${cleaner}`
}

export function expiringPrefix(kind: TaskObjects, taskId: RunTaskId): string {
  return `${kind}${taskId}/expiring/`
}

/** What an object of a task is: data, the marker of a run, or a sign that a cleaner deletes the data. */
export function partOf(key: string): 'data' | 'runs' | 'expiring' {
  const part = key.split('/')[2]
  return part === 'runs' || part === 'expiring' ? part : 'data'
}

/** The task that an object belongs to; undefined for a key that is not of this layout. */
export function taskIdOf(key: string): RunTaskId | undefined {
  const [kind, taskId] = key.split('/')
  return kind !== undefined && taskId && [logs, archives].includes(`${kind}/`) ? taskId : undefined
}

/** The file of an object, where objects are files of this host. */
export function fileOf(objects: ObjectStorage, key: string): { file?: string } {
  return objects.filePath === undefined ? {} : { file: objects.filePath(key) }
}

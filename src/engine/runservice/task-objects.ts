import type { RunId, RunTaskId } from '../model/ids.ts'
import type { ObjectStorage } from '../ports/object-storage.ts'

/** Where logs and archives of tasks lie in the object storage (spec/runs.md 10.1). Several runs may share those of a task; the
 *  empty markers tell which, so that nothing is deleted that a run still needs. */
export const logs = 'logs/'
export const archives = 'workspacearchives/'

export function logKey(taskId: RunTaskId, step: number | null): string {
  return `${logs}${taskId}/data/${step === null ? 'setup' : `steps/${step}`}.log`
}

export function archiveKey(taskId: RunTaskId, step: number): string {
  return `${archives}${taskId}/data/${step}.tar`
}

export function markerKey(kind: typeof logs | typeof archives, taskId: RunTaskId, runId: RunId): string {
  return `${kind}${taskId}/runs/${runId}`
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

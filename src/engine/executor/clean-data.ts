import { readdir } from 'node:fs/promises'
import { hasCode } from '../model/errors.ts'
import type { ExecutorTaskId } from '../model/ids.ts'
import type { ExecutorRunService } from '../ports/executor-run-service.ts'
import type { TaskFiles } from './task-files.ts'

export interface CleanDataOptions {
  files: TaskFiles
  runService: ExecutorRunService
  /** Running, waiting or prepared here. */
  isActive: (taskId: ExecutorTaskId) => boolean
  forget: (taskId: ExecutorTaskId) => void
}

/** Removes the directories of tasks that the runservice no longer knows (spec/executor.md 16). */
export async function cleanData(options: CleanDataOptions, signal: AbortSignal): Promise<void> {
  for (const name of await directories(options.files.root)) {
    const taskId = options.files.taskOf(name)
    if (options.isActive(taskId) || (await isKnown(taskId, options.runService, signal))) continue
    // It may have come back meanwhile.
    if (options.isActive(taskId)) continue
    options.forget(taskId)
    await options.files.remove(taskId)
  }
}

async function isKnown(taskId: ExecutorTaskId, runService: ExecutorRunService, signal: AbortSignal): Promise<boolean> {
  try {
    await runService.getExecutorTask(taskId, { signal })
    return true
  } catch (error) {
    if (hasCode(error, 'executorTaskDoesNotExist')) return false
    throw error
  }
}

async function directories(root: string): Promise<string[]> {
  try {
    return await readdir(root)
  } catch (error) {
    // Nothing ran yet.
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return []
    throw error
  }
}

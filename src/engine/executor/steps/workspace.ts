import { AgolaError, hasCode } from '../../model/errors.ts'
import type { ExecutorStep, WorkspaceOperation } from '../../model/executor-task.ts'
import { createArchive } from '../archive/create-archive.ts'
import { extractArchive } from '../archive/extract-archive.ts'
import { withLocalArchive } from '../archive/local-archive.ts'
import { anyRestorePlace, refusedLinksText } from '../archive/refused-links.ts'
import { formatBytes } from '../format-bytes.ts'
import { formatEntries } from '../format-entries.ts'
import type { StepContext } from './step-context.ts'

export type SaveToWorkspaceStep = Extract<ExecutorStep, { type: 'save_to_workspace' }>
export type RestoreWorkspaceStep = Extract<ExecutorStep, { type: 'restore_workspace' }>

/** Archives files for the tasks that depend on this one; the runservice fetches the archive (spec/executor.md 11.4). `archiveInvalid`
 *  when every restore would refuse it. */
export async function runSaveToWorkspaceStep(step: SaveToWorkspaceStep, context: StepContext): Promise<number> {
  const { pod, log, interrupted: signal } = context
  const file = context.files.archive(context.task.id, context.index)
  const archive = await createArchive(step.contents, { pod, log, signal, file, restorePlace: anyRestorePlace })
  if (archive.refused.length > 0) {
    throw new AgolaError('archiveInvalid', `nothing was saved: ${refusedLinksText(archive.refused)}`)
  }
  log.line(`saved ${formatEntries(archive.entries)}, ${formatBytes(archive.sizeBytes)}`)
  return 0
}

/** Extracts the archives of all ancestors, in the order of the operations (spec/executor.md 11.5). An ancestor that made no archive
 *  leaves a line in the log. */
export async function runRestoreWorkspaceStep(step: RestoreWorkspaceStep, context: StepContext): Promise<number> {
  const destination = context.pod.path(step.destDir)
  for (const operation of context.task.spec.workspaceOperations) await restore(operation, destination, context)
  if (context.task.spec.workspaceOperations.length === 0) context.log.line('there is nothing to restore')
  return 0
}

async function restore(operation: WorkspaceOperation, destination: string, context: StepContext): Promise<void> {
  const { pod, log, files, interrupted: signal } = context
  const origin = `step ${operation.step} of task ${JSON.stringify(operation.taskName)}`
  try {
    const source = await context.runService.openWorkspaceArchive(operation.taskId, operation.step, { signal })
    const spool = `${files.archive(context.task.id, context.index)}.restore`
    const entries = await withLocalArchive(source, spool, signal, (file) =>
      extractArchive({ pod, log, signal, file, destination }),
    )
    log.line(`restored ${formatEntries(entries)} of ${origin} into ${destination}`)
  } catch (error) {
    if (!hasCode(error, 'archiveDoesNotExist')) throw error
    log.line(`skipped ${origin}: it made no archive`)
  }
}

import type { ExecutorStep } from '../../model/executor-task.ts'
import { runRestoreCacheStep, runSaveCacheStep } from './cache.ts'
import { runCloneStep } from './clone.ts'
import { runRunStep } from './run.ts'
import type { StepContext } from './step-context.ts'
import { runRestoreWorkspaceStep, runSaveToWorkspaceStep } from './workspace.ts'

/** Runs one step to its end; returns its exit status. */
export function runStep(step: ExecutorStep, context: StepContext): Promise<number> {
  switch (step.type) {
    case 'run':
      return runRunStep(step, context)
    case 'clone':
      return runCloneStep(step, context)
    case 'save_to_workspace':
      return runSaveToWorkspaceStep(step, context)
    case 'restore_workspace':
      return runRestoreWorkspaceStep(step, context)
    case 'save_cache':
      return runSaveCacheStep(step, context)
    case 'restore_cache':
      return runRestoreCacheStep(step, context)
  }
}

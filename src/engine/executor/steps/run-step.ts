import { AgolaError } from '../../model/errors.ts'
import type { ExecutorStep } from '../../model/executor-task.ts'
import { runRunStep } from './run.ts'
import type { StepContext } from './step-context.ts'

/** Runs one step to its end; returns its exit status. */
export function runStep(step: ExecutorStep, context: StepContext): Promise<number> {
  switch (step.type) {
    case 'run':
      return runRunStep(step, context)
    default:
      throw new AgolaError('assertionFailed', `steps of type ${step.type} cannot run yet`)
  }
}

import type { ExecutorStep, ExecutorTaskSpec, ExecutorTaskWithSpec } from '../../src/engine/model/executor-task.ts'

export interface GivenExecutorTask extends Partial<Omit<ExecutorTaskWithSpec, 'spec'>> {
  spec?: Partial<ExecutorTaskSpec>
}

/** An executor task as the runservice submits it: not started, one container, no steps unless given. */
export function anExecutorTask(given: GivenExecutorTask = {}): ExecutorTaskWithSpec {
  const { spec, ...task } = given
  const steps = spec?.steps ?? []
  const notStarted = { phase: 'notstarted', exitStatus: null, startTime: null, endTime: null } as const
  return {
    id: 'task-1',
    executorId: 'executor-1',
    runId: 'run-1',
    runTaskId: 'runtask-1',
    stop: false,
    status: {
      phase: 'notstarted',
      timedout: false,
      failError: '',
      setupStep: notStarted,
      steps: steps.map(() => notStarted),
      startTime: null,
      endTime: null,
    },
    ...task,
    spec: {
      taskName: task.id ?? 'task-1',
      arch: '',
      containers: [{ image: 'busybox', environment: {}, user: '', privileged: false, entrypoint: '', volumes: [] }],
      environment: {},
      workingDir: '~/project',
      shell: '/bin/sh -e',
      user: '',
      workspaceOperations: [],
      dockerRegistriesAuth: {},
      cachePrefix: 'prefix',
      taskTimeoutIntervalMs: 0,
      secretValues: [],
      labels: {},
      ...spec,
      steps,
    },
  }
}

export function runStep(
  command: string,
  given: Partial<Extract<ExecutorStep, { type: 'run' }>> = {},
): Extract<ExecutorStep, { type: 'run' }> {
  return { type: 'run', name: command, command, environment: {}, workingDir: '', shell: '', tty: false, ...given }
}

import type { Executor, ExecutorStatus } from '../../src/engine/model/executor.ts'

export function anExecutor(given: Partial<Executor> = {}): Executor {
  return { id: 'executor-1', lastStatusUpdateTime: 0, ...anExecutorStatus(), ...given }
}

export function anExecutorStatus(given: Partial<ExecutorStatus> = {}): ExecutorStatus {
  return {
    listenUrl: '',
    archs: ['amd64'],
    labels: {},
    allowPrivilegedContainers: false,
    activeTasksLimit: 4,
    activeTasks: 0,
    dynamic: false,
    executorGroup: 'group-1',
    siblingsExecutors: [],
    ...given,
  }
}

import { describe, expect, it } from 'vitest'
import { newRun } from '../../../src/engine/decide/new-run.ts'
import { withAllFetched } from '../../../src/engine/decide/run-task-state.ts'
import type { RunConfig } from '../../../src/engine/model/run-config.ts'
import { executorTaskSpec } from '../../../src/engine/runservice/executor-task-spec.ts'
import {
  aContainer,
  aRestoreStep,
  aRunConfig,
  aRunStep,
  aSaveStep,
  type TaskSketch,
} from '../../support/a-run-config.ts'

const secrets = new Map([['TOKEN', 'token-value']])

function specOf(sketch: Partial<TaskSketch>, given: Partial<RunConfig> = {}) {
  const config = aRunConfig([{ name: 'a', ...sketch }], given)
  const run = newRun(config, { runId: 'r', runConfigId: config.id, counter: 7, sequence: 1 }, 0)
  return executorTaskSpec({ run, config, taskId: 'a', secrets, labels: { 'agola.io/run': 'x/7' } })
}

describe('the spec of an executor task', () => {
  it('merges the environments of task, run config and run, the later ones winning, and tells the number of the run', () => {
    const environment = { A: 'task', B: 'task', C: 'task', AGOLA_RUN_COUNTER: 'task' }
    const config = { staticEnvironment: { B: 'static', C: 'static' }, environment: { C: 'run' } }
    expect(specOf({ environment }, config)?.environment).toEqual({
      A: 'task',
      B: 'static',
      C: 'run',
      AGOLA_RUN_COUNTER: '7',
    })
    expect(environment.C).toBe('task')
  })

  it('resolves references everywhere, and those to nothing as nothing', () => {
    const reference = { fromVariable: 'TOKEN' }
    const spec = specOf({
      environment: { T: reference, NONE: { fromVariable: 'OTHER' } },
      runtime: { type: 'pod', arch: '', containers: [aContainer({ environment: { T: reference } })] },
      steps: [
        { type: 'run', name: 's', command: 'x', environment: { T: reference }, workingDir: '', shell: '', tty: false },
      ],
      dockerRegistriesAuth: { 'index.docker.io': { type: 'basic', username: 'ann', password: reference, auth: '' } },
    })
    expect(spec?.environment).toMatchObject({ T: 'token-value', NONE: '' })
    expect(spec?.containers[0]?.environment).toEqual({ T: 'token-value' })
    expect(spec?.steps[0]).toMatchObject({ environment: { T: 'token-value' } })
    expect(spec?.dockerRegistriesAuth['index.docker.io']?.password).toBe('token-value')
  })

  it('names what must not be shown: secrets, keys and passwords in the form in which they travel', () => {
    const spec = specOf(
      { dockerRegistriesAuth: { r: { type: 'basic', username: 'ann', password: 'hunter22', auth: '' } } },
      { staticEnvironment: { AGOLA_SSHPRIVKEY: 'a key', AGOLA_GIT_REF: 'refs/heads/x' } },
    )
    expect(spec?.secretValues).toEqual([
      'token-value',
      'a key',
      'hunter22',
      Buffer.from('ann:hunter22').toString('base64'),
    ])
  })

  it('shares caches within the cache group, else within the root group', () => {
    expect(specOf({}, { cacheGroup: 'u1-repo' })?.cachePrefix).toBe('u1-repo')
    expect(specOf({})?.cachePrefix).toBe('u1')
  })

  it('lists the archives of all ancestors by level, name and step, also those that are missing, which the log tells', () => {
    const saving = { steps: [aSaveStep, aRunStep(), aSaveStep] }
    const config = aRunConfig([
      { name: 'z', ...saving },
      { name: 'b', ...saving },
      { name: 'failed', ...saving },
      { name: 'middle', depends: ['z', 'b'], ...saving },
      { name: 'end', depends: { middle: ['on_success'], failed: ['on_failure'] }, steps: [aRestoreStep] },
      { name: 'stranger', ...saving },
    ])
    const run = newRun(config, { runId: 'r', runConfigId: config.id, counter: 1, sequence: 1 }, 0)
    for (const task of Object.values(run.tasks)) {
      const isFailed = task.id === 'failed'
      const steps = task.steps.map((step, n) => ({
        ...step,
        phase: isFailed && n > 0 ? ('failed' as const) : ('success' as const),
      }))
      run.tasks[task.id] = withAllFetched({ ...task, steps, status: isFailed ? 'failed' : 'success' })
    }
    const specFor = (taskId: string) => executorTaskSpec({ run, config, taskId, secrets, labels: {} })
    expect(specFor('end')?.workspaceOperations.map(({ taskId, step }) => `${taskId}/${step}`)).toEqual([
      'b/0',
      'b/2',
      'failed/0',
      'failed/2',
      'z/0',
      'z/2',
      'middle/0',
      'middle/2',
    ])
    // Nothing is looked up for a task that restores nothing.
    expect(specFor('middle')?.workspaceOperations).toEqual([])
  })
})

import { Writable } from 'node:stream'
import { expect, test } from 'vitest'
import { Output } from '../../src/cli/output.ts'
import { type LogsRequest, showLogs } from '../../src/cli/run-commands.ts'
import { AgolaError } from '../../src/engine/model/errors.ts'
import type { Runs } from '../../src/engine/ports/runs.ts'
import { aRunConfig, aRunningRun, aRunStep } from '../support/a-run-config.ts'

const everything: LogsRequest = {
  ...{ number: 1, tasks: [], step: undefined, setup: false, failed: false, follow: false },
  ...{ tail: undefined, prefix: true, color: false, raw: false, whole: true, onCut: () => undefined },
}

/** Of a run of two tasks that went well and whose logs are gone, `ok` with two steps and `none` with none. */
async function refusal(request: Partial<LogsRequest>): Promise<unknown> {
  const runConfig = aRunConfig([{ name: 'ok', steps: [aRunStep(), aRunStep()] }, { name: 'none' }])
  const run = aRunningRun(runConfig)
  for (const step of run.tasks.ok?.steps ?? []) step.phase = 'success'
  const openLog = async () => {
    throw new AgolaError('logDoesNotExist', 'gone')
  }
  const runs = { get: async () => ({ run, runConfig }), openLog } as Partial<Runs> as Runs
  const output = new Output(new Writable(), () => undefined)
  return await showLogs(runs, { ...everything, ...request }, () => output).catch((error: unknown) => error)
}

test.each<[request: Partial<LogsRequest>, code: string, message: string]>([
  [{ tasks: ['ok'], step: 9 }, 'runTaskStepDoesNotExist', 'there is no step 9: task "ok" has steps 0 to 1'],
  [{ step: 9 }, 'runTaskStepDoesNotExist', 'there is no step 9: run 1 has steps 0 to 1'],
  [{ tasks: ['none'], step: 0 }, 'runTaskStepDoesNotExist', 'there is no step 0: task "none" has no steps'],
  [{ failed: true }, 'logDoesNotExist', 'no step of run 1 failed'],
  [{ failed: true, tasks: ['ok'] }, 'logDoesNotExist', 'no step of task "ok" failed'],
  [{ failed: true, step: 1 }, 'logDoesNotExist', 'step 1 of run 1 did not fail'],
  [
    { tasks: ['ok'], step: 1 },
    'logDoesNotExist',
    'run 1 has no such log: nothing was printed there, or it has expired',
  ],
])('says why there is no log of %j', async (request, code, message) => {
  expect(await refusal(request)).toMatchObject({ code, message })
})

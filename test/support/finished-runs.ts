import type { RunId } from '../../src/engine/model/ids.ts'
import { aRunStep, aSaveStep } from './a-run-config.ts'
import { type aRunService, startRun, untilArchived } from './a-run-service.ts'

/** Makes runs that finish at once; the n-th has the one task `t<n>`, with logs and an archive. */
export function finishedRuns({ runService, executor }: Awaited<ReturnType<typeof aRunService>>): () => Promise<RunId> {
  let count = 0
  return async () => {
    const name = `t${++count}`
    executor.logs.set(`${name}/setup`, 'set up')
    executor.logs.set(`${name}/0`, 'printed')
    executor.archives.set(`${name}/1`, 'archive')
    await executor.report()
    const run = await startRun(runService, [{ name, steps: [aRunStep(), aSaveStep] }])
    await executor.finish(name)
    await untilArchived(runService, run.id)
    return run.id
  }
}

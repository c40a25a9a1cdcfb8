import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, it } from 'vitest'
import { openPosixObjectStorage } from '../../../src/engine/adapters/objects/posix.ts'
import { systemClock, systemRandom } from '../../../src/engine/adapters/system.ts'
import { withFailuresTold } from '../../../src/engine/std/with-failures-told.ts'
import { aRunService, startRun, untilArchived } from '../../support/a-run-service.ts'

let directory: string

beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), 'agola-fetcher-'))
})

afterEach(() => rm(directory, { recursive: true }))

// Two processes fetch what a dead one has left. The faster one archives the run and sweeps the files that the other has just seen.
it('takes a log that another process has swept for one that is not there, and no store for broken', async () => {
  const failures: unknown[] = []
  const tell = (error: unknown) => failures.push(error)
  const posix = await openPosixObjectStorage({ directory, clock: systemClock, random: systemRandom })
  const { runService, executor } = await aRunService({ objects: withFailuresTold(posix, tell), onTrouble: tell })
  const file = join(directory, 'swept')
  const gone = async () => ({ sizeBytes: 3, file, stream: () => expect.unreachable('a file is put as such') })
  executor.openLog = gone
  executor.openArchive = gone
  const { id } = await startRun(runService, [{ name: 'a' }])
  await executor.finish('a')
  expect(await untilArchived(runService, id)).toMatchObject({ phase: 'finished', result: 'success' })
  expect(failures).toEqual([expect.objectContaining({ code: 'ENOENT' })])
})

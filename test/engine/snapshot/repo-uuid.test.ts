import { execFile } from 'node:child_process'
import { mkdtemp, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { systemRandom } from '../../../src/engine/adapters/system.ts'
import { Git } from '../../../src/engine/snapshot/git.ts'
import { ensureRepoUuid } from '../../../src/engine/snapshot/repo-uuid.ts'
import { openRepository } from '../../../src/engine/snapshot/repository.ts'

let directory: string
beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), 'agola-uuid-'))
  await promisify(execFile)('git', ['init', '--quiet', directory])
})
afterEach(async () => await rm(directory, { recursive: true }))

const ensure = async (git: Git) => await ensureRepoUuid(git, await openRepository(git, directory), systemRandom)

test('terminals that start at the same time in a new repository agree on its id, and one line stays', async () => {
  const git = new Git(process.env)
  const ids = await Promise.all(Array.from({ length: 6 }, () => ensure(git)))
  expect(new Set(ids).size).toBe(1)
  expect(await ensure(git)).toBe(ids[0])
  expect((await readFile(join(directory, '.git', 'config'), 'utf8')).match(/repouuid/g)).toHaveLength(1)
})

import { randomUUID } from 'node:crypto'
import { mkdtemp, readdir, rm, stat, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { loadIdentity } from '../../../src/engine/local/identity.ts'
import { readRepositoryRecord, recordRepository } from '../../../src/engine/local/repository-record.ts'

const random = { uuid: () => randomUUID(), fraction: () => 0 }
let root: string

beforeEach(async () => {
  root = await mkdtemp(join(tmpdir(), 'agola-identity-'))
})
afterEach(async () => await rm(root, { recursive: true }))

test('the identity is made once and read for ever after, by its user alone', async () => {
  const state = join(root, 'state')
  const first = await loadIdentity(state, random)
  expect(first.userId).not.toBe(first.executorGroupId)
  expect(await loadIdentity(state, random)).toEqual(first)
  expect((await stat(join(state, 'identity.json'))).mode & 0o777).toBe(0o600)
})

test('processes that make it at once agree on one, and leave nothing else behind', async () => {
  const identities = await Promise.all(Array.from({ length: 20 }, () => loadIdentity(root, random)))
  expect(new Set(identities.map((identity) => identity.userId)).size).toBe(1)
  expect(await readdir(root)).toEqual(['identity.json'])
})

test('a damaged identity is told with the way out and not replaced', async () => {
  for (const text of ['{', '{}', 'null', '{"user_id": 7}']) {
    await writeFile(join(root, 'identity.json'), text)
    await expect(loadIdentity(root, random)).rejects.toMatchObject({
      code: 'storeUnusable',
      message: expect.stringContaining('identity.json is damaged. Remove it'),
    })
  }
})

test('a repository remembers its work trees, newest first, and survives damage', async () => {
  const note = (workTree: string) => recordRepository(root, { repoUuid: 'u', workTree, remoteUrl: 'https://x/y' })
  await note('/a')
  await note('/b')
  await note('/a')
  expect(await readRepositoryRecord(root, 'u')).toEqual({ workTrees: ['/a', '/b'], remoteUrl: 'https://x/y' })
  await writeFile(join(root, 'repos', 'u', 'repo.json'), 'damaged')
  expect(await readRepositoryRecord(root, 'u')).toBeNull()
  await note('/c')
  expect((await readRepositoryRecord(root, 'u'))?.workTrees).toEqual(['/c'])
})

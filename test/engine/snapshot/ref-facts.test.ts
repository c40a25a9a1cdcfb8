import { expect, test } from 'vitest'
import { chooseRef } from '../../../src/engine/snapshot/ref-facts.ts'
import { sanitiseRemoteUrl } from '../../../src/engine/snapshot/remote-url.ts'
import { uuidOfPath } from '../../../src/engine/snapshot/repo-uuid.ts'

test('flags beat the current branch', async () => {
  expect(await chooseRef({}, 'feature/x')).toMatchObject({
    type: 'branch',
    ref: 'refs/heads/feature/x',
    branch: 'feature/x',
  })
  expect(await chooseRef({ branch: 'b' }, 'x')).toMatchObject({ type: 'branch', branch: 'b' })
  expect(await chooseRef({ tag: 'v1' }, 'x')).toEqual({
    type: 'tag',
    ref: 'refs/tags/v1',
    branch: '',
    tag: 'v1',
    pullRequestId: '',
  })
  expect(await chooseRef({}, null)).toMatchObject({ branch: 'detached' })
})

test('a full ref tells its type itself', async () => {
  expect(await chooseRef({ ref: 'refs/heads/b' }, null)).toMatchObject({ type: 'branch', branch: 'b' })
  expect(await chooseRef({ ref: 'refs/tags/t' }, null)).toMatchObject({ type: 'tag', tag: 't' })
  expect(await chooseRef({ ref: 'refs/pull/12/head' }, null)).toMatchObject({
    type: 'pull_request',
    ref: 'refs/pull/12/head',
    pullRequestId: '12',
    branch: '',
  })
  expect(await chooseRef({ ref: 'refs/merge-requests/7/head' }, null)).toMatchObject({ pullRequestId: '7' })
  const own = { ref: 'refs/changes/34/1234/1', pullRequestRefRegexes: ['refs/changes/\\d+/(\\d+)/\\d+'] }
  expect(await chooseRef(own, null)).toMatchObject({ type: 'pull_request', pullRequestId: '1234' })
})

test('what cannot be a ref is refused with the flag', async () => {
  await expect(chooseRef({ branch: 'a', tag: 'b' }, null)).rejects.toMatchObject({
    code: 'flagConflict',
    message: '--branch and --tag cannot be used together: give one of them.',
  })
  await expect(chooseRef({ ref: 'main' }, null)).rejects.toMatchObject({
    code: 'flagInvalid',
    message: /--ref main is neither/,
  })
  await expect(chooseRef({ pullRequestRefRegexes: ['('] }, 'main')).rejects.toMatchObject({ code: 'flagInvalid' })
  await expect(chooseRef({ ref: 'refs/pull/1/merge', pullRequestRefRegexes: ['('] }, null)).rejects.toMatchObject({
    code: 'flagInvalid',
    message: /not a valid regular expression/,
  })
  for (const branch of ['', 'a b', 'a..b', '-x', 'a/', '/a', 'a.lock', 'x~1', 'a\x00b', '@{x', '.a', 'a/.b']) {
    await expect(chooseRef({ branch }, null)).rejects.toMatchObject({ code: 'flagInvalid', message: /--branch/ })
  }
})

test('credentials leave a url, addresses stay', () => {
  expect(sanitiseRemoteUrl('https://ann:secret@host/x.git')).toBe('https://host/x.git')
  expect(sanitiseRemoteUrl('https://token@host/x.git')).toBe('https://host/x.git')
  expect(sanitiseRemoteUrl('ssh://git:pw@host:22/x.git')).toBe('ssh://git@host:22/x.git')
  expect(sanitiseRemoteUrl('git@host:x.git')).toBe('git@host:x.git')
  expect(sanitiseRemoteUrl('/srv/git/x@y.git')).toBe('/srv/git/x@y.git')
  expect(sanitiseRemoteUrl('https://host/a@b')).toBe('https://host/a@b')
})

test('the id of a path is a uuid of version 5', () => {
  expect(uuidOfPath('/a')).toMatch(/^[0-9a-f]{8}-[0-9a-f]{4}-5[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/)
  expect(uuidOfPath('/a')).toBe(uuidOfPath('/a'))
  expect(uuidOfPath('/a')).not.toBe(uuidOfPath('/b'))
})

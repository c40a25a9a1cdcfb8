import fc from 'fast-check'
import { expect, test } from 'vitest'
import { directRunOrigin } from '../../../src/engine/compile/direct-run-origin.ts'
import { repositoryAddress, withoutCredentials } from '../../../src/engine/compile/repository-url.ts'
import { runAnnotations } from '../../../src/engine/compile/run-annotations.ts'
import { escapeGroupName, runGroup } from '../../../src/engine/compile/run-group.ts'
import { staticEnvironment } from '../../../src/engine/compile/static-environment.ts'
import type { SourceContext } from '../../../src/engine/config/source-context.ts'
import { branchSource } from './a-compile.ts'

const tagSource: SourceContext = { ...branchSource, refType: 'tag', ref: 'refs/tags/v/1', branch: '', tag: 'v/1' }
const pullSource: SourceContext = {
  ...branchSource,
  refType: 'pull_request',
  ref: 'refs/pull/7/head',
  branch: '',
  pullRequestId: '7',
}

test('a group is named after the owner, the kind of ref and its name', () => {
  expect(runGroup('/user/u', branchSource)).toBe('/user/u/branch/main')
  expect(runGroup('/project/p', tagSource)).toBe('/project/p/tag/v%2F1')
  expect(runGroup('/user/u', pullSource)).toBe('/user/u/pr/7')
})

test.each([
  ['feature/a b', 'feature%2Fa%20b'],
  ['a%2Fb', 'a%252Fb'],
  ['.', '%2E'],
  ['..', '%2E%2E'],
  ['...', '...'],
  ['.a', '.a'],
  ['v1.0', 'v1.0'],
  ['-_.~', '-_.~'],
  ['$&+:=@', '$&+:=@'],
  [",;?#!'()*", '%2C%3B%3F%23%21%27%28%29%2A'],
  ['é', '%C3%A9'],
  ['\ud800', '%EF%BF%BD'],
])('the name %j is written %s in a group', (name, escaped) => {
  expect(escapeGroupName(name)).toBe(escaped)
})

test('a name is always one element of the path, and can be read back', () => {
  fc.assert(
    fc.property(fc.string({ unit: 'grapheme', minLength: 1 }), (name) => {
      const escaped = escapeGroupName(name)
      expect(escaped).not.toMatch(/\/|^\.{1,2}$/)
      expect(decodeURIComponent(escaped)).toBe(name)
    }),
  )
})

test.each([
  ['https://git.example.com/a/b.git', 'git.example.com', ''],
  ['https://git.example.com:8443/a', 'git.example.com', '8443'],
  ['https://me:pw@git.example.com:8443/a@b', 'git.example.com', '8443'],
  ['ssh://git@git.example.com:2222/a', 'git.example.com', '2222'],
  ['git@git.example.com:a/b.git', 'git.example.com', ''],
  ['git.example.com:a/b.git', 'git.example.com', ''],
  ['git@[::1]:a', '::1', ''],
  ['http://[::1]:3000/a', '::1', '3000'],
  ['git+ssh://h/a', 'h', ''],
  ['file:///home/me/a', '', ''],
  ['FILE://host/a', '', ''],
  ['/home/me/a:b', '', ''],
  ['./a:b', '', ''],
  ['C:\\a', '', ''],
  ['/srv/x://h/a', '', ''],
  ['/home/me/dir:b', '', ''],
  ['file://h:80/a', '', ''],
  ['https://h', 'h', ''],
  ['https://', '', ''],
  ['', '', ''],
])('the address of %s', (url, host, port) => {
  expect(repositoryAddress(url)).toEqual({ host, port })
})

test.each([
  ['https://me:pw@git.example.com/a', 'https://git.example.com/a'],
  ['https://token@git.example.com/a', 'https://git.example.com/a'],
  ['https://a:p@ss@git.example.com/a', 'https://git.example.com/a'],
  ['https://git.example.com/a@b', 'https://git.example.com/a@b'],
  ['ssh://git:pw@git.example.com/a', 'ssh://git@git.example.com/a'],
  ['ssh://git@git.example.com/a', 'ssh://git@git.example.com/a'],
  ['git+ssh://git:pw@h/a', 'git+ssh://git@h/a'],
  ['SSH://git:pw@h/a', 'SSH://git@h/a'],
  ['xssh://git:pw@h/a', 'xssh://h/a'],
  ['sshx://git:pw@h/a', 'sshx://h/a'],
  ['git@git.example.com:a', 'git@git.example.com:a'],
  ['/home/me', '/home/me'],
])('%s without credentials', (url, clean) => {
  expect(withoutCredentials(url)).toBe(clean)
})

test('the environment of every step', () => {
  const environment = {
    CI: 'true',
    AGOLA_REPOSITORY_URL: 'https://git.example.com/a',
    AGOLA_GIT_HOST: 'git.example.com',
    AGOLA_GIT_PORT: '22',
    AGOLA_GIT_REF_TYPE: 'branch',
    AGOLA_GIT_REF: 'refs/heads/main',
    AGOLA_GIT_BRANCH: 'main',
    AGOLA_GIT_TAG: '',
    AGOLA_PULL_REQUEST_ID: '',
    AGOLA_GIT_COMMITSHA: '0123',
    AGOLA_SSHPRIVKEY: '',
  }
  const repositoryUrl = 'https://git.example.com/a'
  expect(staticEnvironment({ source: branchSource, repositoryUrl })).toStrictEqual(environment)
  expect(
    staticEnvironment({
      source: branchSource,
      repositoryUrl,
      sshHostKey: '',
      skipSshHostKeyCheck: false,
      local: false,
    }),
  ).toEqual(environment)
  expect(
    staticEnvironment({
      source: branchSource,
      repositoryUrl,
      sshPrivateKey: 'k',
      sshHostKey: 'h',
      skipSshHostKeyCheck: true,
      local: true,
    }),
  ).toEqual({
    ...environment,
    AGOLA_SSHPRIVKEY: 'k',
    AGOLA_SSHHOSTKEY: 'h',
    AGOLA_SKIPSSHHOSTKEYCHECK: '1',
    AGOLA_LOCAL: 'true',
  })
  expect(staticEnvironment({ source: tagSource, repositoryUrl: 'ssh://h:7/a' })).toMatchObject({
    AGOLA_GIT_REF_TYPE: 'tag',
    AGOLA_GIT_REF: 'refs/tags/v/1',
    AGOLA_GIT_BRANCH: '',
    AGOLA_GIT_TAG: 'v/1',
    AGOLA_GIT_HOST: 'h',
    AGOLA_GIT_PORT: '7',
  })
  expect(staticEnvironment({ source: pullSource, repositoryUrl: 'file:///a' })).toMatchObject({
    AGOLA_GIT_REF_TYPE: 'pull_request',
    AGOLA_PULL_REQUEST_ID: '7',
    AGOLA_GIT_HOST: '',
    AGOLA_GIT_PORT: '',
  })
})

test('annotations of a user and a project run', () => {
  expect(
    runAnnotations({ owner: { type: 'user', userId: 'u' }, source: branchSource, message: 'm', trigger: 'manual' }),
  ).toEqual({
    run_type: 'user',
    ref_type: 'branch',
    run_creation_trigger: 'manual',
    webhook_event: '',
    webhook_sender: '',
    commit_sha: '0123',
    ref: 'refs/heads/main',
    message: 'm',
    commit_link: '',
    compare_link: '',
    userid: 'u',
    branch: 'main',
    branch_link: '',
  })
  expect(
    runAnnotations({
      owner: { type: 'project', projectId: 'p' },
      source: pullSource,
      message: 'm',
      trigger: 'webhook',
      webhookEvent: 'pull_request',
      webhookSender: 'joe',
      links: { commit: 'c', compare: 'd', branch: 'e', tag: 'f', pullRequest: 'g' },
    }),
  ).toEqual({
    run_type: 'project',
    ref_type: 'pull_request',
    run_creation_trigger: 'webhook',
    webhook_event: 'pull_request',
    webhook_sender: 'joe',
    commit_sha: '0123',
    ref: 'refs/pull/7/head',
    message: 'm',
    commit_link: 'c',
    compare_link: 'd',
    projectid: 'p',
    pull_request_id: '7',
    pull_request_link: 'g',
  })
  const tag = runAnnotations({
    owner: { type: 'user', userId: 'u' },
    source: tagSource,
    message: 'm',
    trigger: 'manual',
    links: { tag: 't' },
  })
  expect(tag).toMatchObject({ tag: 'v/1', tag_link: 't' })
  for (const [source, link] of [
    [tagSource, 'tag_link'],
    [pullSource, 'pull_request_link'],
  ] as const) {
    const owner = { type: 'user' as const, userId: 'u' }
    expect(runAnnotations({ owner, source, message: '', trigger: 'manual' })).toHaveProperty(link, '')
  }
  expect(tag).not.toHaveProperty('branch')
})

test('the origin of a direct run', () => {
  const origin = directRunOrigin({
    userId: 'u',
    repoUuid: 'r',
    repositoryUrl: 'file:///a',
    source: branchSource,
    local: true,
  })
  expect(origin.group).toBe('/user/u/branch/main')
  expect(origin.cacheGroup).toBe('u-r')
  expect(origin.annotations).toMatchObject({
    run_type: 'user',
    userid: 'u',
    message: 'agola direct run',
    run_creation_trigger: 'manual',
  })
  expect(origin.staticEnvironment).toMatchObject({ AGOLA_LOCAL: 'true', AGOLA_REPOSITORY_URL: 'file:///a' })
  const remote = directRunOrigin({
    userId: 'u',
    repoUuid: 'r',
    repositoryUrl: 'https://h/a',
    source: branchSource,
    local: false,
  })
  expect(remote.staticEnvironment).not.toHaveProperty('AGOLA_LOCAL')
})

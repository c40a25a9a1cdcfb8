import { readFileSync } from 'node:fs'
import { expect, test } from 'vitest'
import { parseText } from './read-text.ts'

const text = readFileSync(new URL('examples/every-field.yml', import.meta.url), 'utf8')

test('the YAML example of the format says what its page says', async () => {
  const { config, problems } = await parseText(text, { strict: true })
  expect(problems).toEqual([])
  expect(config?.runs).toHaveLength(2)
  expect(config?.taskTimeoutIntervalMs).toBe(7_200_000)
  expect(config?.dockerRegistriesAuth).toEqual({
    'registry.example.com': {
      type: 'basic',
      username: 'ci-bot',
      password: { fromVariable: 'registry_password' },
      auth: '',
    },
  })
  expect(config?.runs[1]).toEqual({
    name: 'nightly placeholder',
    tasks: [],
    when: null,
    dockerRegistriesAuth: {},
    taskTimeoutIntervalMs: null,
  })
})

test('its first run', async () => {
  const run = (await parseText(text)).config?.runs[0]
  expect(run).toMatchObject({
    name: 'verify',
    taskTimeoutIntervalMs: 5_400_000,
    dockerRegistriesAuth: {
      'index.docker.io': { type: 'encodedauth', username: '', password: '', auth: { fromVariable: 'dockerhub_auth' } },
    },
    when: {
      branch: {
        include: [{ type: 'regexp', match: '.*' }],
        exclude: [
          { type: 'simple', match: 'gh-pages' },
          { type: 'regexp', match: '^wip-' },
        ],
      },
      tag: { include: [{ type: 'regexp', match: '^v\\d+\\.\\d+\\.\\d+$' }], exclude: [] },
      ref: { include: [{ type: 'regexp', match: '^refs/pull/\\d+/head$' }], exclude: [] },
    },
  })
  expect(run?.tasks.map(({ name, taskTimeoutIntervalMs }) => [name, taskTimeoutIntervalMs])).toEqual([
    ['compile', 900_000],
    ['flaky e2e', null],
    ['notify failure', null],
    ['deploy', null],
  ])
  expect(run?.tasks.map(({ depends }) => depends)).toEqual([
    [],
    [{ task: 'compile', conditions: ['on_success'] }],
    [{ task: 'compile', conditions: ['on_failure'] }],
    [{ task: 'flaky e2e', conditions: ['on_success', 'on_failure', 'on_skipped'] }],
  ])
  expect(run?.tasks.map(({ ignoreFailure, approval }) => [ignoreFailure, approval])).toEqual([
    [false, false],
    [true, false],
    [false, false],
    [false, true],
  ])
})

test('its steps', async () => {
  const tasks = (await parseText(text)).config?.runs[0]?.tasks
  expect(tasks?.[0]?.steps.map(({ type, name }) => [type, name])).toEqual([
    ['clone', ''],
    ['restore_cache', ''],
    ['run', 'npm ci'],
    ['run', 'unit tests'],
    ['run', 'npm run lint'],
    ['save_cache', ''],
    ['save_to_workspace', 'keep dist'],
  ])
  const steps = tasks?.flatMap((task) => task.steps) ?? []
  expect(steps.flatMap((step) => (step.type === 'run' ? [[step.name, step.tty]] : []))).toEqual([
    ['npm ci', true],
    ['unit tests', false],
    ['npm run lint', true],
    ['echo failed', true],
    ['push', true],
  ])
  expect(steps.find(({ type }) => type === 'save_cache')).toMatchObject({
    contents: [{ sourceDir: '~/.npm', destDir: '', paths: ['**'] }],
  })
})

test('its main container, environment and volumes', async () => {
  const task = (await parseText(text)).config?.runs[0]?.tasks[0]
  expect(task).toMatchObject({
    workingDir: '~/src',
    shell: '/bin/bash -eu',
    user: '1000',
    environment: { NODE_ENV: 'test', RELEASE_KEY: { fromVariable: 'release_key' } },
  })
  expect(task?.runtime).toEqual({
    type: 'pod',
    arch: 'amd64',
    containers: [
      {
        image: 'registry.example.com/build/node:20',
        environment: { LANG: 'C.UTF-8', NPM_TOKEN: { fromVariable: 'npm_token' } },
        user: '1000',
        privileged: false,
        entrypoint: '',
        volumes: [
          { path: '/scratch', tmpfsSizeBytes: 536_870_912 },
          { path: '/scratch2', tmpfsSizeBytes: 0 },
        ],
      },
      {
        image: 'postgres:16',
        environment: { POSTGRES_PASSWORD: 'secret' },
        user: '',
        privileged: false,
        entrypoint: 'docker-entrypoint.sh -c fsync=off',
        volumes: [],
      },
    ],
  })
})

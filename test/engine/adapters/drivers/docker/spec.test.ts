import { expect, test } from 'vitest'
import { toEngineVersion } from '../../../../../src/engine/adapters/drivers/docker/engine-version.ts'
import { toContainerEvent } from '../../../../../src/engine/adapters/drivers/docker/events.ts'
import { podSpec, type SpecContext } from '../../../../../src/engine/adapters/drivers/docker/spec.ts'
import { toStartFailure } from '../../../../../src/engine/adapters/drivers/docker/start-failure.ts'
import { aContainer, anExecRequest, aPodRequest } from '../../../../support/docker-world.ts'

const context: SpecContext = {
  owner: { executorsGroupId: 'group', mode: 'server' },
  nowMs: 1_000_000,
  tools: { volume: 'tools', labels: {} },
  strictCleanup: false,
  networkMode: '',
  leavesNetwork: false,
  names: ['main', 'service'],
}

test('the main container ends with our hold on its input, and the tools are read-only', () => {
  const [main] = podSpec(
    aPodRequest([aContainer('image', { user: 'dev', privileged: true })], { arch: 'arm64' }),
    context,
  )
  expect(main?.query).toEqual({ name: 'main', platform: 'linux/arm64' })
  expect(main?.body).toMatchObject({ User: 'dev', OpenStdin: true, StdinOnce: true, AttachStdin: true, Cmd: [] })
  expect(main?.body.HostConfig).toMatchObject({
    AutoRemove: true,
    Privileged: true,
    Mounts: [
      { Type: 'volume', Source: 'tools', Target: '/mnt/agola', ReadOnly: true, VolumeOptions: { NoCopy: true } },
    ],
  })
})

test('a pod that is to be kept sleeps instead, and says until when', () => {
  const [main] = podSpec(aPodRequest([aContainer('image')], { keepUntil: 1_090_500 }), context)
  expect(main?.body).toMatchObject({ OpenStdin: false, StdinOnce: false, HostConfig: { AutoRemove: false } })
  expect(main?.body.Entrypoint?.join(' ')).toContain('sleep 91')
  expect(main?.body.Labels).toMatchObject({
    'agola.io/keep': 'true',
    'agola.io/expires': '1090',
    'agola.io/mode': 'server',
  })
})

test('an opening script runs first, with its parameters and the place of busybox', () => {
  const opening = { script: '"$toolbox" mkdir -p "$1"', parameters: ['/work'] }
  const [main] = podSpec(aPodRequest([aContainer('image')], { opening }), context)
  const text = main?.body.Entrypoint?.[3] ?? ''
  expect(text.indexOf('toolbox=/mnt/agola/busybox\n"$toolbox" mkdir')).toBeGreaterThan(0)
  expect(text.indexOf('mkdir')).toBeLessThan(text.indexOf('read -r _agola_bytes'))
  expect(main?.body.Cmd).toEqual(['/work'])
})

test('a process that the config brings is the first one, and no script of ours', () => {
  const opening = { script: 'true', parameters: ['/work'] }
  const [main] = podSpec(aPodRequest([aContainer('image', { entrypoint: 'server run' })], { opening }), context)
  expect(main?.body).toMatchObject({ Entrypoint: ['server', 'run'], Cmd: [] })
})

test('a service keeps its own command, joins the network of the main container and sees no tools', () => {
  const service = aContainer('database', { environment: { A: '1' }, user: 'db' })
  const [, spec] = podSpec(aPodRequest([aContainer('image'), service]), context)
  expect(spec?.body).toMatchObject({
    Env: ['A=1'],
    User: 'db',
    HostConfig: { NetworkMode: 'container:main', AutoRemove: false, Mounts: [] },
  })
  expect(spec?.body.Entrypoint).toBeUndefined()
  expect(spec?.body.HostConfig.PidMode).toBeUndefined()
  const [, strict] = podSpec(aPodRequest([aContainer('image'), service]), { ...context, strictCleanup: true })
  expect(strict?.body.HostConfig.PidMode).toBe('container:main')
})

test('an entrypoint is split at spaces, and replaces the image command', () => {
  const [main, service] = podSpec(
    aPodRequest([aContainer('a', { entrypoint: 'sleep 10' }), aContainer('b', { entrypoint: 'serve -p 1' })]),
    context,
  )
  expect(main?.body).toMatchObject({ Entrypoint: ['sleep', '10'], Cmd: [] })
  expect(service?.body).toMatchObject({ Entrypoint: ['serve', '-p', '1'], Cmd: [] })
})

test('labels of the request never replace those of the driver', () => {
  const [main] = podSpec(
    aPodRequest([aContainer('a')], { labels: { 'agola.io/podid': 'forged', 'agola.io/run': 'r/1' } }),
    context,
  )
  expect(main?.body.Labels['agola.io/podid']).not.toBe('forged')
  expect(main?.body.Labels['agola.io/run']).toBe('r/1')
})

const docker = { ApiVersion: '1.41', MinAPIVersion: '1.12', Version: '20.10', Os: 'linux', Arch: 'amd64' }

test('the API version is the highest that both sides know', () => {
  expect(toEngineVersion(docker, 'x').apiVersion).toBe('1.41')
  expect(toEngineVersion({ ...docker, ApiVersion: '1.99' }, 'x').apiVersion).toBe('1.47')
})

test('engines that are too old or too new are refused, and those for other containers', () => {
  expect(() => toEngineVersion({ ...docker, ApiVersion: '1.40' }, 'x')).toThrow('too old')
  expect(() => toEngineVersion({ ...docker, ApiVersion: '2.5', MinAPIVersion: '2.0' }, 'x')).toThrow('update agola')
  expect(() => toEngineVersion({ ...docker, Os: 'windows' }, 'x')).toThrow('Linux containers')
  expect(() => toEngineVersion('hello', 'x')).toThrow('not a container engine')
})

test('events of Docker and Podman are read alike; others are left out', () => {
  const Actor = { ID: 'c', Attributes: { exitCode: '137' } }
  expect(toContainerEvent({ Action: 'die', Actor })).toEqual({ containerId: 'c', action: 'die', exitCode: 137 })
  const podman = { ID: 'c', Attributes: { containerExitCode: '3' } }
  expect(toContainerEvent({ Action: 'died', Actor: podman })).toEqual({ containerId: 'c', action: 'die', exitCode: 3 })
  expect(toContainerEvent({ Action: 'oom', Actor })).toEqual({ containerId: 'c', action: 'oom', exitCode: null })
  expect(toContainerEvent({ Action: 'start', Actor })).toBeNull()
  expect(toContainerEvent({ Action: 'die' })).toBeNull()
})

test.each([
  ['OCI runtime exec failed: … exec: "x": executable file not found in $PATH: unknown', '', 127],
  ['OCI runtime exec failed: … chdir to cwd ("/w") set in config.json failed: no such file or directory', '/w', 126],
  ['OCI runtime exec failed: … exec: "x": permission denied: unknown', '', 126],
  ['unable to find user u: no matching entries in passwd file', '', 126],
  ['crun: something else', '', 126],
])('what the engine says about a command, "%s", becomes exit code', (complaint, workingDir, exitCode) => {
  const failure = toStartFailure(complaint, anExecRequest(['x'], { workingDir, user: 'u' }))
  expect(failure.exitCode).toBe(exitCode)
  expect(failure.message).toMatch(/^cannot run "x": /)
  expect(failure.message).not.toContain('\n')
})

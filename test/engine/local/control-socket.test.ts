import { once } from 'node:events'
import { mkdtemp, readdir, rm, stat } from 'node:fs/promises'
import { connect } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { PassThrough, type Writable } from 'node:stream'
import { text } from 'node:stream/consumers'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { connectionState } from '../../../src/engine/local/connection-state.ts'
import { ControlClient } from '../../../src/engine/local/control-client.ts'
import { ControlSocket } from '../../../src/engine/local/control-socket.ts'
import { AgolaError, hasCode } from '../../../src/engine/model/errors.ts'
import type { PausedShellRequest, PausedTask, Pauses } from '../../../src/engine/ports/pauses.ts'
import type { ContainerExec, TtySize } from '../../../src/engine/ports/pod-driver.ts'

let directory: string
let socket: ControlSocket
let client: ControlClient
let pauses: FakePauses
let kills: number

beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), 'agola-control-'))
  pauses = new FakePauses()
  kills = 0
  socket = await open('executor')
  client = new ControlClient(socket.path)
})

afterEach(async () => {
  await socket.close()
  await rm(directory, { recursive: true, force: true })
})

function open(name: string): Promise<ControlSocket> {
  const kill = async () => {
    kills += 1
  }
  return ControlSocket.listen(join(directory, 'sockets'), name, { repoUuid: 'repo-1', pauses, runs: () => [4], kill })
}

const pausedTask: PausedTask = {
  run: 4,
  taskId: 'task-id',
  task: 'build',
  step: 'make',
  pause: { step: 1, exitStatus: 2, since: 10, until: 20 },
}
const { run, taskId } = pausedTask

/** Does what it is told, and remembers it. */
class FakePauses implements Pauses {
  readonly calls: unknown[] = []
  readonly shells: FakeShell[] = []

  async list() {
    return [pausedTask]
  }
  async retry(task: object, request: object) {
    this.calls.push(['retry', task, request])
    return { added: 1, changed: 2, deleted: 3, note: '' }
  }
  async skip(task: object) {
    this.calls.push(['skip', task])
  }
  async continue(): Promise<void> {
    throw new AgolaError('taskNotPaused', 'the task is not paused any more')
  }
  async openShell(_task: object, request: PausedShellRequest): Promise<ContainerExec> {
    const shell = new FakeShell(request)
    this.shells.push(shell)
    return shell
  }
}

class FakeShell implements ContainerExec {
  readonly request: PausedShellRequest
  readonly input = new PassThrough()
  readonly sizes: TtySize[] = []
  readonly signals: string[] = []
  readonly exit = Promise.withResolvers<number>()
  readonly resized = Promise.withResolvers<void>()

  constructor(request: PausedShellRequest) {
    this.request = request
  }
  get stdin(): Writable {
    return this.input
  }
  wait(): Promise<number> {
    return this.exit.promise
  }
  async kill(signal: string): Promise<void> {
    this.signals.push(signal)
    this.exit.resolve(137)
  }
  async resize(size: TtySize): Promise<void> {
    this.sizes.push(size)
    this.resized.resolve()
  }
}

/** What the process answers to bytes that no client of ours sends. */
async function say(bytes: string): Promise<string> {
  const connection = connect(socket.path)
  connection.end(bytes)
  return await text(connection)
}

test('the socket is for its user alone, in a directory of its own', async () => {
  expect((await stat(join(directory, 'sockets'))).mode & 0o777).toBe(0o700)
  expect((await stat(socket.path)).mode & 0o777).toBe(0o600)
})

test('a status tells the process, its repository, its runs and what is paused', async () => {
  expect(await client.status()).toMatchObject({ pid: process.pid, repoUuid: 'repo-1', runs: [4], paused: [pausedTask] })
})

test('decisions reach the process, and their results the caller', async () => {
  expect(await client.retry({ run, taskId }, { sync: true })).toEqual({ added: 1, changed: 2, deleted: 3, note: '' })
  await client.skip({ run, taskId })
  expect(pauses.calls).toEqual([
    ['retry', expect.objectContaining({ run, taskId }), { sync: true }],
    ['skip', expect.objectContaining({ run, taskId })],
  ])
  await client.kill()
  expect(kills).toBe(1)
})

test('an error keeps its code on its way', async () => {
  const refused = await client.continue({ run, taskId }).catch((error: unknown) => error)
  expect(hasCode(refused, 'taskNotPaused')).toBe(true)
})

test('a shell has its input, output, errors, size and exit code carried over', async () => {
  const [stdout, stderr] = [new PassThrough(), new PassThrough()]
  const request = { command: ['sh', '-c', 'x'], tty: null, environment: { TERM: 'xterm' }, stdout, stderr }
  const shell = await client.openShell({ run, taskId }, request)
  const [served] = pauses.shells
  expect(served?.request).toMatchObject({ command: ['sh', '-c', 'x'], tty: null, environment: { TERM: 'xterm' } })
  shell.stdin?.write('a'.repeat(200_000))
  shell.stdin?.end('end')
  expect((await text(served?.input ?? new PassThrough())).length).toBe(200_003)
  await shell.resize({ columns: 90, rows: 20 })
  await served?.resized.promise
  expect(served?.sizes).toEqual([{ columns: 90, rows: 20 }])
  served?.request.stdout.write('out')
  served?.request.stderr?.write('err')
  served?.request.stdout.write('put', () => served.exit.resolve(42))
  expect(await shell.wait()).toBe(42)
  expect([stdout.read(), stderr.read()].map(String)).toEqual(['output', 'err'])
})

test('a shell whose caller goes away is killed', async () => {
  const stdout = new PassThrough()
  const connection = connect(socket.path)
  const tty = { columns: 80, rows: 24 }
  connection.write(`${JSON.stringify({ request: 'shell', run, taskId, command: [], tty, environment: {} })}\n`)
  await once(connection, 'data')
  connection.destroy()
  const [served] = pauses.shells
  expect(await served?.wait()).toBe(137)
  expect(served?.signals).toEqual(['KILL'])
  stdout.destroy()
})

test('a shell ends with an error when its process does', async () => {
  const request = { command: [], tty: null, environment: {}, stdout: new PassThrough(), stderr: new PassThrough() }
  const shell = await client.openShell({ run, taskId }, request)
  const ended = shell.wait().catch((error: unknown) => error)
  await socket.close()
  expect(hasCode(await ended, 'podDoesNotExist')).toBe(true)
})

test.each([
  ['no JSON', 'hello\n', 'flagInvalid'],
  ['an unknown request', '{"request":"format"}\n', 'flagInvalid'],
  ['a request without a task', '{"request":"retry","run":1}\n', 'flagInvalid'],
])('%s is answered with an error', async (_, bytes, code) => {
  expect(JSON.parse(await say(bytes))).toMatchObject({ ok: false, error: { code } })
})

test('a process that has ended does not answer', async () => {
  await socket.close()
  const asked = await client.status().catch((error: unknown) => error)
  expect(hasCode(asked, 'notReady')).toBe(true)
  expect(await readdir(join(directory, 'sockets'))).toEqual([])
})

test('the next process removes the sockets of dead ones and leaves those of live ones', async () => {
  const dead = join(directory, 'sockets', 'dead.sock')
  await leaveSocket(dead)
  expect(await connectionState(dead)).toBe('refused')
  const next = await open('next')
  expect((await readdir(join(directory, 'sockets'))).sort()).toEqual(['executor.sock', 'next.sock'])
  await next.close()
})

/** As a process that dies without a word leaves it. */
async function leaveSocket(path: string): Promise<void> {
  const { execFile } = await import('node:child_process')
  const { promisify } = await import('node:util')
  const script = `require('node:net').createServer().listen(${JSON.stringify(path)}, () => process.kill(process.pid, 'SIGKILL'))`
  await promisify(execFile)(process.execPath, ['-e', script]).catch(() => undefined)
}

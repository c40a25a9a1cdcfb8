import { chmod, lstat, readdir, rm } from 'node:fs/promises'
import { createServer, type Server, type Socket } from 'node:net'
import { join } from 'node:path'
import { Writable } from 'node:stream'
import { AgolaError, messageOf } from '../model/errors.ts'
import type { PausedShellRequest, PausedTask, PausedTaskRef, Pauses } from '../ports/pauses.ts'
import type { ContainerExec, TtySize } from '../ports/pod-driver.ts'
import { makeDirectory } from '../std/make-directory.ts'
import { connectionState } from './connection-state.ts'
import { encodeFrame, type Frame, FrameDecoder } from './control-frames.ts'

/** What a process answers for. */
export interface Controlled {
  repoUuid: string
  pauses: Pauses
  /** Numbers of the runs that were started here. */
  runs: () => number[]
  /** Ends everything at once. */
  kill: () => Promise<void>
}

export interface ControlStatus {
  pid: number
  repoUuid: string
  runs: number[]
  paused: PausedTask[]
}

const requestBytesMax = 1024 * 1024
const newline = 10

/** Lets other processes of the same user act on this one (spec/local-runs.md 11): a line of JSON for a request, one for its answer. After
 *  the answer to `shell` both sides send frames. */
export class ControlSocket {
  readonly path: string
  readonly #server: Server
  readonly #controlled: Controlled
  readonly #connections = new Set<Socket>()

  /** Makes the socket in a directory of this user alone, and removes those there that dead processes left. Rejects with what the system
   *  says. */
  static async listen(directory: string, name: string, controlled: Controlled): Promise<ControlSocket> {
    await ownDirectory(directory)
    await removeDeadSockets(directory)
    const path = join(directory, `${name}.sock`)
    const socket = new ControlSocket(path, controlled)
    await new Promise<void>((resolve, reject) => {
      socket.#server.once('error', reject)
      socket.#server.listen(path, () => resolve())
    })
    // Asking is a favour: nobody waits for this process because of it.
    socket.#server.unref()
    await chmod(path, 0o600)
    return socket
  }

  private constructor(path: string, controlled: Controlled) {
    this.path = path
    this.#controlled = controlled
    this.#server = createServer((connection) => this.#onConnection(connection))
  }

  /** Ends the connections too, shells included. */
  async close(): Promise<void> {
    const closed = new Promise<void>((resolve) => this.#server.close(() => resolve()))
    for (const connection of this.#connections) connection.destroy()
    await closed
    await rm(this.path, { force: true })
  }

  #onConnection(connection: Socket): void {
    this.#connections.add(connection)
    connection.once('close', () => this.#connections.delete(connection))
    // A caller that goes away has its reasons.
    connection.on('error', () => connection.destroy())
    this.#serve(connection).catch((error: unknown) => connection.destroy(asError(error)))
  }

  async #serve(connection: Socket): Promise<void> {
    const { line, rest } = await firstLine(connection)
    try {
      const request = parseRequest(line)
      if (request.request === 'shell') await this.#serveShell(connection, request, rest)
      else connection.end(answerLine({ ok: true, ...(await this.#answer(request)) }))
    } catch (error) {
      connection.end(answerLine({ ok: false, error: errorFields(error) }))
    }
  }

  async #answer(request: Exclude<ControlRequest, { request: 'shell' }>): Promise<object> {
    const { pauses, repoUuid, runs, kill } = this.#controlled
    switch (request.request) {
      case 'ping':
        return {}
      case 'status': {
        const status: ControlStatus = { pid: process.pid, repoUuid, runs: runs(), paused: await pauses.list() }
        return { ...status }
      }
      case 'retry':
        return { sync: await pauses.retry(request, { sync: request.sync }) }
      case 'skip':
        await pauses.skip(request)
        return {}
      case 'continue':
        await pauses.continue(request)
        return {}
      case 'kill':
        await kill()
        return {}
    }
  }

  async #serveShell(connection: Socket, request: ShellControlRequest, rest: Buffer): Promise<void> {
    const { command, tty, environment } = request
    const stdout = new FrameWriter(connection, 'output')
    const stderr = tty === null ? new FrameWriter(connection, 'errors') : null
    // The answer has to be there before the first output is.
    stdout.cork()
    stderr?.cork()
    const wanted: PausedShellRequest = { command, tty, environment, stdout, stderr }
    const shell = await this.#controlled.pauses.openShell(request, wanted)
    connection.write(answerLine({ ok: true }))
    stdout.uncork()
    stderr?.uncork()
    feed(shell, connection, rest)
    try {
      const code = await shell.wait()
      connection.end(encodeFrame('exit', { code }))
    } catch (error) {
      connection.end(encodeFrame('failure', errorFields(error)))
    }
  }
}

type ControlRequest =
  | { request: 'ping' | 'status' | 'kill' }
  | ({ request: 'retry'; sync: boolean } & PausedTaskRef)
  | ({ request: 'skip' | 'continue' } & PausedTaskRef)
  | ShellControlRequest

interface ShellControlRequest extends PausedTaskRef {
  request: 'shell'
  command: string[]
  tty: TtySize | null
  environment: Record<string, string>
}

/** Gives the shell what the caller sends, and ends it when the caller goes away. */
function feed(shell: ContainerExec, connection: Socket, rest: Buffer): void {
  const decoder = new FrameDecoder()
  const { stdin } = shell
  stdin?.on('error', () => undefined)
  // One that is ended while it is full never drains.
  for (const event of ['drain', 'finish', 'close']) stdin?.on(event, () => connection.resume())
  const onData = (chunk: Buffer) => {
    try {
      for (const frame of decoder.push(chunk)) if (!obey(shell, frame)) connection.pause()
    } catch (error) {
      connection.destroy(asError(error))
    }
  }
  connection.on('data', onData)
  connection.once('close', () => void shell.kill('KILL').catch(() => undefined))
  if (rest.length > 0) onData(rest)
  connection.resume()
}

/** Whether more may come at once. */
function obey(shell: ContainerExec, { kind, data }: Frame): boolean {
  const { stdin } = shell
  switch (kind) {
    case 'input':
      return stdin === null || stdin.writableEnded || stdin.destroyed || stdin.write(data)
    case 'inputEnd':
      stdin?.end()
      return true
    case 'resize':
      // A shell that has just ended has no size.
      shell.resize(parseSize(parseJson(data.toString()))).catch(() => undefined)
      return true
    case 'kill': {
      const { signal } = record(parseJson(data.toString()))
      const name = signal === 'INT' || signal === 'TERM' ? signal : 'KILL'
      shell.kill(name).catch(() => undefined)
      return true
    }
    default:
      throw new Error(`a caller does not send ${kind}`)
  }
}

class FrameWriter extends Writable {
  readonly #connection: Socket
  readonly #kind: 'output' | 'errors'

  constructor(connection: Socket, kind: 'output' | 'errors') {
    super()
    this.#connection = connection
    this.#kind = kind
    this.on('error', () => undefined)
  }

  override _write(chunk: Buffer, _encoding: BufferEncoding, done: (error?: Error | null) => void): void {
    // Nobody reads any more: the shell is being ended.
    if (this.#connection.destroyed || this.#connection.writableEnded) done()
    else this.#connection.write(encodeFrame(this.#kind, chunk), () => done())
  }
}

/** A socket that others could put in our place would be obeyed by our callers. */
async function ownDirectory(directory: string): Promise<void> {
  await makeDirectory(directory, { mode: 0o700 })
  const found = await lstat(directory)
  if (found.isDirectory() && (found.uid === process.getuid?.() || process.getuid === undefined)) {
    if ((found.mode & 0o077) !== 0) await chmod(directory, 0o700)
    return
  }
  throw new AgolaError('notReady', `${directory} is no directory of this user`)
}

async function removeDeadSockets(directory: string): Promise<void> {
  const names = (await readdir(directory)).filter((name) => name.endsWith('.sock'))
  await Promise.all(
    names.map(async (name) => {
      const path = join(directory, name)
      if ((await connectionState(path)) === 'refused') await rm(path, { force: true })
    }),
  )
}

async function firstLine(connection: Socket): Promise<{ line: string; rest: Buffer }> {
  let bytes: Buffer = Buffer.alloc(0)
  return await new Promise((resolve, reject) => {
    const onData = (chunk: Buffer) => {
      bytes = Buffer.concat([bytes, chunk])
      const end = bytes.indexOf(newline)
      if (end < 0 && bytes.length > requestBytesMax) reject(new Error('the request is too long'))
      if (end < 0) return
      connection.pause()
      connection.off('data', onData)
      resolve({ line: bytes.subarray(0, end).toString(), rest: bytes.subarray(end + 1) })
    }
    connection.on('data', onData)
    connection.once('close', () => reject(new Error('the caller went away')))
  })
}

function parseRequest(line: string): ControlRequest {
  const fields = record(parseJson(line))
  const { request } = fields
  switch (request) {
    case 'ping':
    case 'status':
    case 'kill':
      return { request }
    case 'retry':
      return { request, ...parseRef(fields), sync: fields.sync !== false }
    case 'skip':
    case 'continue':
      return { request, ...parseRef(fields) }
    case 'shell': {
      const { command, tty, environment } = fields
      const words = Array.isArray(command) ? command.filter((word) => typeof word === 'string') : []
      const variables = Object.entries(record(environment)).filter(([, value]) => typeof value === 'string')
      return {
        ...{ request, ...parseRef(fields), command: words },
        tty: tty === null || tty === undefined ? null : parseSize(tty),
        environment: Object.fromEntries(variables) as Record<string, string>,
      }
    }
    default:
      throw new AgolaError('flagInvalid', `a control socket takes no request ${JSON.stringify(request)}`)
  }
}

function parseRef({ run, taskId }: Record<string, unknown>): PausedTaskRef {
  if (typeof run === 'number' && typeof taskId === 'string') return { run, taskId }
  throw new AgolaError('flagInvalid', 'the request names no run and task')
}

function parseSize(value: unknown): TtySize {
  const { columns, rows } = record(value)
  const whole = (size: unknown, otherwise: number) =>
    typeof size === 'number' && Number.isInteger(size) && size > 0 && size < 65_536 ? size : otherwise
  return { columns: whole(columns, 120), rows: whole(rows, 40) }
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch (error) {
    throw new AgolaError('flagInvalid', 'the request is no JSON', { cause: error })
  }
}

function record(value: unknown): Record<string, unknown> {
  return typeof value === 'object' && value !== null ? { ...value } : {}
}

function errorFields(error: unknown): object {
  return { code: error instanceof AgolaError ? error.code : 'assertionFailed', message: messageOf(error) }
}

function answerLine(answer: object): string {
  return `${JSON.stringify(answer)}\n`
}

function asError(error: unknown): Error {
  return error instanceof Error ? error : new Error(String(error))
}

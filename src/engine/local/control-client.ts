import { once } from 'node:events'
import { connect, type Socket } from 'node:net'
import { Writable } from 'node:stream'
import { AgolaError, type ErrorCode, errorCodes } from '../model/errors.ts'
import type { CallOptions } from '../ports/call-options.ts'
import type { PausedShellRequest, PausedTask, PausedTaskRef, Pauses, SyncResult } from '../ports/pauses.ts'
import type { ContainerExec, TtySize } from '../ports/pod-driver.ts'
import { encodeFrame, type Frame, FrameDecoder } from './control-frames.ts'
import type { ControlStatus } from './control-socket.ts'

const newline = 10

/** Paused tasks of another process, behind its control socket. `notReady` when it does not answer. */
export class ControlClient implements Pauses {
  readonly #path: string

  constructor(path: string) {
    this.#path = path
  }

  async status(options?: CallOptions): Promise<ControlStatus> {
    // The process on the other side is of the same user and of the same program.
    return (await this.#ask({ request: 'status' }, options)) as unknown as ControlStatus
  }

  async list(options?: CallOptions): Promise<PausedTask[]> {
    return (await this.status(options)).paused
  }

  async retry({ run, taskId }: PausedTaskRef, { sync }: { sync: boolean }, options?: CallOptions) {
    const answer = await this.#ask({ request: 'retry', run, taskId, sync }, options)
    return (answer.sync ?? null) as SyncResult | null
  }

  async skip({ run, taskId }: PausedTaskRef, options?: CallOptions): Promise<void> {
    await this.#ask({ request: 'skip', run, taskId }, options)
  }

  async continue({ run, taskId }: PausedTaskRef, options?: CallOptions): Promise<void> {
    await this.#ask({ request: 'continue', run, taskId }, options)
  }

  async kill(options?: CallOptions): Promise<void> {
    await this.#ask({ request: 'kill' }, options)
  }

  async openShell(
    { run, taskId }: PausedTaskRef,
    { command, tty, environment, stdout, stderr }: PausedShellRequest,
    options?: CallOptions,
  ): Promise<ContainerExec> {
    const asked = { request: 'shell', run, taskId, command, tty, environment }
    const { connection, rest } = await this.#send(asked, options)
    return new RemoteShell(connection, rest, { stdout, stderr })
  }

  async #ask(request: object, options?: CallOptions): Promise<Record<string, unknown>> {
    const { connection, answer } = await this.#send(request, options)
    connection.destroy()
    return answer
  }

  /** The connection once the request was answered, and what came after the answer. */
  async #send(request: object, { signal }: CallOptions = {}) {
    signal?.throwIfAborted()
    const connection = connect(this.#path)
    const abort = () => connection.destroy()
    signal?.addEventListener('abort', abort, { once: true })
    try {
      await once(connection, 'connect')
      connection.write(`${JSON.stringify(request)}\n`)
      const { line, rest } = await answerLine(connection)
      const answer: Record<string, unknown> = JSON.parse(line)
      if (answer.ok !== true) throw errorOf(answer.error)
      return { connection, answer, rest }
    } catch (error) {
      connection.destroy()
      signal?.throwIfAborted()
      if (error instanceof AgolaError) throw error
      throw new AgolaError('notReady', 'the process that runs it does not answer; it may just have ended', {
        cause: error,
      })
    } finally {
      signal?.removeEventListener('abort', abort)
    }
  }
}

class RemoteShell implements ContainerExec {
  readonly stdin: Writable
  readonly #connection: Socket
  readonly #outputs: Pick<PausedShellRequest, 'stdout' | 'stderr'>
  readonly #decoder = new FrameDecoder()
  readonly #ended = Promise.withResolvers<number>()

  constructor(connection: Socket, rest: Buffer, outputs: Pick<PausedShellRequest, 'stdout' | 'stderr'>) {
    this.#connection = connection
    this.#outputs = outputs
    this.#ended.promise.catch(() => undefined)
    this.stdin = new Writable({
      write: (chunk: Buffer, _, done) => this.#send(encodeFrame('input', chunk), done),
      final: (done) => this.#send(encodeFrame('inputEnd'), done),
    })
    this.stdin.on('error', () => undefined)
    connection.on('error', () => connection.destroy())
    void this.#read(rest)
  }

  async wait({ signal }: CallOptions = {}): Promise<number> {
    signal?.throwIfAborted()
    const aborted = Promise.withResolvers<never>()
    const abort = () => aborted.reject(signal?.reason)
    signal?.addEventListener('abort', abort, { once: true })
    try {
      return await Promise.race([this.#ended.promise, aborted.promise])
    } finally {
      signal?.removeEventListener('abort', abort)
    }
  }

  async kill(signal: 'INT' | 'TERM' | 'KILL'): Promise<void> {
    this.#send(encodeFrame('kill', { signal }), () => undefined)
  }

  async resize(size: TtySize): Promise<void> {
    this.#send(encodeFrame('resize', size), () => undefined)
  }

  #send(frame: Buffer, done: (error?: Error | null) => void): void {
    if (this.#connection.destroyed || this.#connection.writableEnded) done()
    else this.#connection.write(frame, () => done())
  }

  async #read(rest: Buffer): Promise<void> {
    try {
      for (const frame of this.#decoder.push(rest)) await this.#take(frame)
      for await (const chunk of this.#connection)
        for (const frame of this.#decoder.push(chunk as Buffer)) await this.#take(frame)
      this.#ended.reject(new AgolaError('podDoesNotExist', 'the process that runs it has ended, and the shell with it'))
    } catch (error) {
      this.#ended.reject(error)
    } finally {
      this.#connection.destroy()
    }
  }

  async #take({ kind, data }: Frame): Promise<void> {
    const { stdout, stderr } = this.#outputs
    if (kind === 'output') await written(stdout, data)
    else if (kind === 'errors') await written(stderr ?? stdout, data)
    else if (kind === 'exit') this.#ended.resolve(Number(JSON.parse(data.toString()).code))
    else if (kind === 'failure') this.#ended.reject(errorOf(JSON.parse(data.toString())))
  }
}

async function written(stream: Writable, data: Buffer): Promise<void> {
  await new Promise<void>((resolve) => stream.write(data, () => resolve()))
}

async function answerLine(connection: Socket): Promise<{ line: string; rest: Buffer }> {
  let bytes: Buffer = Buffer.alloc(0)
  return await new Promise((resolve, reject) => {
    const onData = (chunk: Buffer) => {
      bytes = Buffer.concat([bytes, chunk])
      const end = bytes.indexOf(newline)
      if (end < 0) return
      connection.pause()
      connection.off('data', onData)
      resolve({ line: bytes.subarray(0, end).toString(), rest: bytes.subarray(end + 1) })
    }
    connection.on('data', onData)
    connection.once('error', reject)
    connection.once('close', () => reject(new Error('the connection was closed')))
  })
}

function errorOf(value: unknown): AgolaError {
  const { code, message } = Object(value) as { code?: unknown; message?: unknown }
  const known = typeof code === 'string' && code in errorCodes ? (code as ErrorCode) : 'assertionFailed'
  return new AgolaError(known, String(message))
}

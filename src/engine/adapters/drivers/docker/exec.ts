import { type Duplex, Writable } from 'node:stream'
import { AgolaError } from '../../../model/errors.ts'
import type { CallOptions } from '../../../ports/call-options.ts'
import type { Clock } from '../../../ports/clock.ts'
import type { ContainerExec, ExecRequest, TtySize } from '../../../ports/pod-driver.ts'
import { abortable } from '../../../std/abortable.ts'
import { ExecOutput } from '../exec-output.ts'
import { type EngineClient, EngineFailure, hasStatus } from './client.ts'
import { whyTooLarge } from './command-size.ts'
import { Demultiplexer } from './demultiplexer.ts'
import { compareVersions } from './engine-version.ts'
import { FailedExec } from './failed-exec.ts'
import { execMarker, type KillSignal } from './kill.ts'
import { isStartFailure, type StartFailure, startFailureLine, toStartFailure } from './start-failure.ts'
import { busyboxPath, toolbox } from './toolbox.ts'

/** What an exec needs to know about its pod. */
export interface ExecContext {
  client: EngineClient
  clock: Clock
  containerId: string
  /** Set once the pod was stopped or removed: what its commands report afterwards is our own doing. */
  isGone: () => boolean
  ended: Promise<unknown>
  /** Signals the processes of a command, as long as `isRunning` says that there are some. */
  signal: (command: SignalledCommand, signalName: KillSignal, isRunning: () => Promise<boolean>) => Promise<void>
}

export interface SignalledCommand {
  /** Carried by its processes. */
  marker: string
  user: string
  /** Its own process group, where that is known. */
  group?: string
}

const exitCodePollMsMax = 100
const killedExitCode = 137
const interruptCharacter = '\x03'
const endOfFileCharacter = '\x04'
/** Nobody types this; Docker's default, ^P ^Q, would cut terminals off and swallow ^P. */
const detachKeys = 'ctrl-^,ctrl-_,ctrl-^,ctrl-_'

/** Creates and starts a command: two requests. */
export async function startExec(context: ExecContext, request: ExecRequest, marker: string): Promise<ContainerExec> {
  const { client, containerId } = context
  const tooLarge = whyTooLarge(request.environment, request.command)
  if (tooLarge !== null)
    return new FailedExec(request, { message: `cannot run the command: ${tooLarge}`, exitCode: 126 })
  try {
    const sized = withTerminalSize(client, request)
    const body = toBody(sized, marker)
    const created = await client.json('POST', `/containers/${containerId}/exec`, { body })
    const execId = String((created as { Id?: unknown }).Id)
    const tty = request.tty !== null
    const start = { Detach: false, Tty: tty, ...consoleSize(client, request.tty) }
    const socket = await client.upgrade(`/exec/${execId}/start`, { body: start })
    const exec = new DockerExec(context, request, { execId, marker, socket })
    if (request.tty !== null && sized === request && !knowsConsoleSize(client)) await exec.resize(request.tty)
    return exec
  } catch (error) {
    if (hasStatus(error, 404, 409) || (error instanceof EngineFailure && context.isGone())) throw podGone(error)
    if (error instanceof EngineFailure) {
      if (isStartFailure(error.complaint)) return new FailedExec(request, toStartFailure(error.complaint, request))
      throw new AgolaError('driverFailed', `the container engine could not run a command: ${error.complaint}`, {
        cause: error,
      })
    }
    throw error
  }
}

export class DockerExec implements ContainerExec {
  readonly stdin: Writable | null
  readonly #context: ExecContext
  readonly #request: ExecRequest
  readonly #execId: string
  readonly #marker: string
  readonly #socket: Duplex
  readonly #output: ExecOutput
  readonly #outcome: Promise<number>
  #complaint: { stream: 1 | 2; bytes: Buffer }[] = []
  #mayComplain = true
  #isDone = false

  constructor(context: ExecContext, request: ExecRequest, started: { execId: string; marker: string; socket: Duplex }) {
    this.#context = context
    this.#request = request
    this.#execId = started.execId
    this.#marker = started.marker
    this.#socket = started.socket
    this.#output = new ExecOutput(started.socket)
    this.stdin = request.stdin ? this.#createStdin() : null
    this.#outcome = this.#finish(this.#readAll())
    this.#outcome
      .catch(() => undefined)
      .finally(() => {
        this.#isDone = true
        this.#socket.destroy()
      })
  }

  wait(options: CallOptions = {}): Promise<number> {
    return abortable(this.#outcome, options.signal)
  }

  async kill(signalName: KillSignal): Promise<void> {
    if (this.#isDone || this.#context.isGone()) return
    if (signalName === 'INT' && this.#request.tty !== null) {
      this.#socket.write(interruptCharacter)
      return
    }
    const isRunning = async () => !this.#isDone && (await this.#inspect()).running
    await this.#context.signal({ marker: this.#marker, user: this.#request.user }, signalName, isRunning)
  }

  async resize({ columns, rows }: TtySize): Promise<void> {
    try {
      const query = { w: columns, h: rows }
      await this.#context.client.json('POST', `/exec/${this.#execId}/resize`, { query })
    } catch (error) {
      // The command has ended, or has not begun to run: neither is worth an error to whoever drags a window.
      if (!(error instanceof EngineFailure)) throw error
    }
  }

  /** Ending it closes our half of the connection; a terminal gets its own end of file and stays open for ^C. */
  #createStdin(): Writable {
    const socket = this.#socket
    const tty = this.#request.tty !== null
    return new Writable({
      // A command that ends without reading everything is told by its exit code.
      write: (chunk, _encoding, done) => {
        if (!socket.writable) return done()
        socket.write(chunk, () => done())
      },
      final: (done) => {
        if (!socket.writable) return done()
        if (tty) socket.write(endOfFileCharacter, () => done())
        else socket.end(() => done())
      },
    })
  }

  /** Resolves when the engine has closed the connection. */
  #readAll(): Promise<void> {
    const { stdout, stderr, tty } = this.#request
    const onBytes = (stream: 1 | 2, bytes: Buffer) => {
      if (this.#holdsBack(stream, bytes)) return
      this.#output.write(stream === 2 ? stderr : stdout, bytes)
    }
    const demultiplexer = new Demultiplexer(onBytes)
    const socket = this.#socket
    const { promise, resolve, reject } = Promise.withResolvers<void>()
    socket.on('data', (chunk: Buffer) => {
      try {
        if (tty === null) demultiplexer.push(chunk)
        else onBytes(1, chunk)
      } catch (error) {
        reject(error)
        socket.destroy()
      }
    })
    socket.on('end', resolve)
    socket.on('close', resolve)
    // A broken connection ends the output; whether the command has ended is asked afterwards.
    socket.on('error', () => resolve())
    return promise
  }

  /** An engine tells on the output streams that it could not start a command. That text is not the command's output: what may be it
   *  waits here until the engine says whether the command was started. */
  #holdsBack(stream: 1 | 2, bytes: Buffer): boolean {
    if (!this.#mayComplain) return false
    this.#complaint.push({ stream, bytes: Buffer.from(bytes) })
    this.#mayComplain = isStartFailure(this.#complaintText())
    if (!this.#mayComplain) this.#release()
    return true
  }

  #complaintText(): string {
    return this.#complaint.map(({ bytes }) => bytes.toString('latin1')).join('')
  }

  #release(): void {
    const { stdout, stderr } = this.#request
    for (const { stream, bytes } of this.#complaint) this.#output.write(stream === 2 ? stderr : stdout, bytes)
    this.#complaint = []
  }

  async #finish(readAll: Promise<void>): Promise<number> {
    await readAll
    let { exitCode, started } = await this.#exitCode()
    const complaint = this.#complaintText()
    if (complaint !== '' && !started) exitCode = this.#tellStartFailure(toStartFailure(complaint, this.#request))
    else this.#release()
    await this.#output.flushed()
    return exitCode
  }

  #tellStartFailure(failure: StartFailure): number {
    const { stdout, stderr, tty } = this.#request
    this.#output.write(tty === null ? (stderr ?? stdout) : stdout, startFailureLine(failure, tty !== null))
    return failure.exitCode
  }

  /** The end of the output comes a moment before the engine knows the exit code. */
  async #exitCode(): Promise<{ exitCode: number; started: boolean }> {
    let podEnded = false
    void this.#context.ended.then(() => {
      podEnded = true
    })
    for (let pauseMs = 2; ; pauseMs = Math.min(pauseMs * 2, exitCodePollMsMax)) {
      if (this.#context.isGone()) throw podGone()
      const wasEnded = podEnded
      const state = await this.#inspect()
      if (!state.running && state.exitCode !== null) {
        if (state.exitCode === killedExitCode || (!state.started && this.#complaint.length > 0))
          await this.#checkContainer()
        return { exitCode: state.exitCode, started: state.started }
      }
      if (wasEnded) throw podGone()
      await this.#context.clock.sleep(pauseMs)
    }
  }

  /** A command that was killed, or not even started, may be the first sign of the end of its pod, which is another thing. */
  async #checkContainer(): Promise<void> {
    const { client, containerId } = this.#context
    try {
      const { State } = (await client.json('GET', `/containers/${containerId}/json`)) as {
        State?: { Running?: unknown }
      }
      if (State?.Running !== true) throw podGone()
    } catch (error) {
      throw error instanceof EngineFailure ? podGone(error) : error
    }
  }

  async #inspect(): Promise<{ running: boolean; started: boolean; exitCode: number | null }> {
    try {
      const answer = await this.#context.client.json('GET', `/exec/${this.#execId}/json`)
      const { Running, ExitCode, Pid } = answer as { Running?: unknown; ExitCode?: unknown; Pid?: unknown }
      return { running: Running === true, started: Pid !== 0, exitCode: typeof ExitCode === 'number' ? ExitCode : null }
    } catch (error) {
      if (error instanceof EngineFailure) throw podGone(error)
      throw error
    }
  }
}

export function podGone(cause?: unknown): AgolaError {
  return new AgolaError('podDoesNotExist', 'the pod has ended', { cause })
}

function toBody(request: ExecRequest, marker: string): Record<string, unknown> {
  const { command, environment, workingDir, user, tty, stdin } = request
  const variables = marker === '' ? environment : { ...environment, [execMarker]: marker }
  return {
    Cmd: command,
    Env: Object.entries(variables).map(([name, value]) => `${name}=${value}`),
    ...(workingDir !== '' && { WorkingDir: workingDir }),
    ...(user !== '' && { User: user }),
    Tty: tty !== null,
    // A terminal keeps its input, which ^C needs. Without an input the command reads /dev/null.
    AttachStdin: stdin || tty !== null,
    AttachStdout: true,
    AttachStderr: tty === null,
    DetachKeys: detachKeys,
  }
}

/** Older engines take the size of a terminal only after the start, when the command may have looked already: the toolbox sets it first.
 *  Other commands than its own are for people, who see the size a moment later. */
function withTerminalSize(client: EngineClient, request: ExecRequest): ExecRequest {
  const { tty, command } = request
  if (tty === null || knowsConsoleSize(client) || command[0] !== busyboxPath) return request
  const script = '"$0" stty rows "$1" cols "$2" 2>/dev/null; shift 2; exec "$@"'
  const size = [String(tty.rows), String(tty.columns)]
  return { ...request, command: [...toolbox('sh'), '-c', script, busyboxPath, ...size, ...command] }
}

function knowsConsoleSize(client: EngineClient): boolean {
  return compareVersions(client.engine.version.apiVersion, '1.42') >= 0
}

function consoleSize(client: EngineClient, tty: TtySize | null): object {
  return tty !== null && knowsConsoleSize(client) ? { ConsoleSize: [tty.rows, tty.columns] } : {}
}

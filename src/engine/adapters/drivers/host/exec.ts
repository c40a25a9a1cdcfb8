import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { stat } from 'node:fs/promises'
import type { Socket } from 'node:net'
import { constants } from 'node:os'
import { Writable } from 'node:stream'
import { AgolaError } from '../../../model/errors.ts'
import type { CallOptions } from '../../../ports/call-options.ts'
import type { Clock } from '../../../ports/clock.ts'
import type { ContainerExec, ExecRequest, TtySize } from '../../../ports/pod-driver.ts'
import { abortable } from '../../../std/abortable.ts'
import { ExecOutput } from '../exec-output.ts'
import { closeWriter, openPipes } from './pipes.ts'
import { endProcesses, execMarker, findProcesses, signalProcess } from './processes.ts'
import type { HostCommand } from './spec.ts'

export interface HostExecParts {
  clock: Clock
  command: HostCommand
  workingDir: string
  marker: string
  /** For files of a moment. */
  scratchDir: string
  /** The terminal program stands between us and the command. */
  hasTerminal: boolean
  isGone: () => boolean
}

/** What keeps the output open after the command has ended is waited for no longer, as in Docker. */
const lingeringOutputMsMax = 2000
const interruptCharacter = '\x03'
const endOfFileCharacter = '\x04'

export async function startHostExec(parts: HostExecParts, request: ExecRequest): Promise<HostExec> {
  const { command, marker, scratchDir, hasTerminal } = parts
  const pipes = await openPipes(scratchDir, marker, 2, command.environment.PATH ?? '')
  const [out, err] = pipes
  if (out === undefined || err === undefined) throw new AgolaError('assertionFailed', 'a command without pipes')
  const streams = { stdout: out.reader, stderr: err.reader }
  try {
    // Most failures come as an event, but what the system or Node refuses to take is thrown.
    const child = spawn(command.program, command.parameters, {
      cwd: parts.workingDir,
      env: command.environment,
      // A session and process group of its own: signals reach all of it, and those of our terminal none of it.
      detached: true,
      stdio: [request.stdin || hasTerminal ? 'pipe' : 'ignore', out.writeFd, err.writeFd],
    })
    await once(child, 'spawn')
    return new HostExec(parts, request, { child, ...streams })
  } catch (error) {
    const failure = await explainSpawn(request.command[0] ?? '', parts.workingDir, error)
    return new HostExec(parts, request, { failure, ...streams })
  } finally {
    pipes.forEach(closeWriter)
  }
}

type Started = { stdout: Socket; stderr: Socket } & ({ child: ChildProcess } | { failure: SpawnFailure })

interface SpawnFailure {
  message: string
  exitCode: 126 | 127
}

const tooBig =
  'its arguments or environment are longer than this system allows (Linux: 128 KiB each). Pass what is long in a file'

async function explainSpawn(name: string, workingDir: string, error: unknown): Promise<SpawnFailure> {
  const { code } = error as NodeJS.ErrnoException
  // Node's own text would show the value, which may be a secret.
  if (code === 'ERR_INVALID_ARG_VALUE') {
    const message = `cannot run "${name}": a NUL byte in its arguments, environment or working directory`
    return { message, exitCode: 126 }
  }
  const folder = await stat(workingDir).catch(() => null)
  if (!folder?.isDirectory()) {
    const why = folder === null ? 'does not exist' : 'is no directory'
    return { message: `cannot run "${name}": the working directory ${workingDir} ${why}`, exitCode: 126 }
  }
  if (code === 'ENOENT')
    return { message: `cannot run "${name}": there is no such program on this machine`, exitCode: 127 }
  if (code === 'EACCES') return { message: `cannot run "${name}": permission denied`, exitCode: 126 }
  if (code === 'E2BIG') return { message: `cannot run "${name}": ${tooBig}`, exitCode: 126 }
  return { message: `cannot run "${name}": ${String((error as Error).message)}`, exitCode: 126 }
}

export class HostExec implements ContainerExec {
  readonly stdin: Writable | null
  readonly #parts: HostExecParts
  readonly #request: ExecRequest
  readonly #child: ChildProcess | null
  readonly #outcome: Promise<number>
  #isDone = false

  constructor(parts: HostExecParts, request: ExecRequest, started: Started) {
    this.#parts = parts
    this.#request = request
    this.#child = 'child' in started ? started.child : null
    this.stdin = request.stdin ? this.#createStdin() : null
    this.#child?.stdin?.on('error', () => undefined)
    this.#outcome = this.#finish(started)
    this.#outcome
      .catch(() => undefined)
      .finally(() => {
        this.#isDone = true
      })
  }

  wait(options: CallOptions = {}): Promise<number> {
    return abortable(this.#outcome, options.signal)
  }

  async kill(signalName: 'INT' | 'TERM' | 'KILL'): Promise<void> {
    const child = this.#child
    if (this.#isDone || child === null || child.pid === undefined) return
    if (signalName === 'KILL') return endProcesses(execMarker, this.#parts.marker, this.#parts.clock)
    if (!this.#parts.hasTerminal) return signalProcess(-child.pid, `SIG${signalName}`)
    if (signalName === 'INT') {
      child.stdin?.write(interruptCharacter)
      return
    }
    // The command leads a session behind the terminal; `script` hands its end on.
    const found = await findProcesses(execMarker, this.#parts.marker)
    const leader = found.find(({ parentPid }) => parentPid === child.pid)
    signalProcess(-(leader?.groupId ?? child.pid), `SIG${signalName}`)
  }

  /** The terminal keeps the size that it began with: `script` knows no other way. */
  async resize(_size: TtySize): Promise<void> {
    return Promise.resolve()
  }

  #createStdin(): Writable {
    const child = this.#child
    const pipe = child?.stdin
    const hasTerminal = this.#parts.hasTerminal
    return new Writable({
      // A command that ends without reading everything is told by its exit code.
      write: (chunk, _encoding, done) => {
        if (!pipe?.writable) return done()
        pipe.write(chunk, () => done())
      },
      final: (done) => {
        if (!pipe?.writable) return done()
        if (hasTerminal) pipe.write(endOfFileCharacter, () => done())
        else pipe.end(() => done())
      },
    })
  }

  async #finish(started: Started): Promise<number> {
    const { stdout, stderr } = started
    const outputs = [this.#forward(stdout, this.#request.stdout), this.#forward(stderr, this.#errorStream())]
    const allRead = Promise.all([once(stdout, 'close'), once(stderr, 'close')])
    const exitCode = 'child' in started ? await exitOf(started.child) : this.#tell(started.failure, outputs)
    await this.#untilRead(allRead, outputs)
    for (const stream of [stdout, stderr, this.#child?.stdin]) stream?.destroy()
    if (this.#parts.isGone()) throw new AgolaError('podDoesNotExist', 'the pod has ended')
    for (const output of outputs) await output.flushed()
    return exitCode
  }

  /** A slow reader is no lingering writer: as long as output is held back for it, time does not count. */
  async #untilRead(allRead: Promise<unknown>, outputs: ExecOutput[]): Promise<void> {
    const done = new AbortController()
    const patience = async () => {
      do await this.#parts.clock.sleep(lingeringOutputMsMax, done.signal)
      while (outputs.some((output) => output.isHeldBack))
    }
    await Promise.race([allRead, patience().catch(() => undefined)])
    done.abort()
  }

  #forward(source: Socket, target: Writable | null): ExecOutput {
    const output = new ExecOutput(source)
    source.on('data', (chunk: Buffer) => output.write(target, chunk))
    source.on('error', () => undefined)
    return output
  }

  #errorStream(): Writable | null {
    return this.#request.tty === null ? this.#request.stderr : this.#request.stdout
  }

  #tell({ message, exitCode }: SpawnFailure, [out, err]: ExecOutput[]): number {
    const output = this.#errorStream() === null ? out : err
    output?.write(this.#errorStream() ?? this.#request.stdout, Buffer.from(`${message}\n`))
    return exitCode
  }
}

async function exitOf(child: ChildProcess): Promise<number> {
  const [code, signalName] = (await once(child, 'exit')) as [number | null, NodeJS.Signals | null]
  return code ?? 128 + (signalName === null ? 0 : constants.signals[signalName])
}

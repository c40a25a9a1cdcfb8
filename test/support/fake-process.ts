import { PassThrough, type Readable, type Writable } from 'node:stream'
import { AgolaError } from '../../src/engine/model/errors.ts'
import type { CallOptions } from '../../src/engine/ports/call-options.ts'
import type { ContainerExec, ExecRequest, TtySize } from '../../src/engine/ports/pod-driver.ts'

export type FakeSignal = 'INT' | 'TERM' | 'KILL'

/** What a scripted command does; its number is the exit code. Throwing makes `wait` reject with that error. */
export type FakeBehaviour = (process: FakeProcess) => number | undefined | Promise<number | undefined>

const signalNumbers = { INT: 2, TERM: 15, KILL: 9 } as const

/** One command in a fake container, as its script sees it. */
export class FakeProcess {
  readonly request: ExecRequest
  /** The container's environment with that of the request over it. */
  readonly environment: Record<string, string>
  /** Shared by all commands of the pod: what an earlier command left for a later one. */
  readonly files: Map<string, Buffer>
  readonly signals: FakeSignal[] = []
  size: TtySize | null
  #input = new PassThrough()
  #trap: ((signalName: FakeSignal) => void) | undefined
  #end: (outcome: { exitCode: number } | { error: unknown }) => void = () => undefined
  readonly outcome: Promise<{ exitCode: number } | { error: unknown }>

  constructor(request: ExecRequest, environment: Record<string, string>, files: Map<string, Buffer>) {
    this.request = request
    this.environment = environment
    this.files = files
    this.size = request.tty
    this.outcome = new Promise((resolve) => {
      this.#end = resolve
    })
    if (!request.stdin && request.tty === null) this.#input.end()
  }

  get stdin(): Readable {
    return this.#input
  }

  async readStdin(): Promise<Buffer> {
    const chunks: Buffer[] = []
    for await (const chunk of this.#input) chunks.push(chunk as Buffer)
    return Buffer.concat(chunks)
  }

  write(data: string | Uint8Array): Promise<void> {
    return writeAll(this.request.stdout, data)
  }

  writeError(data: string | Uint8Array): Promise<void> {
    return writeAll(this.request.tty === null ? this.request.stderr : this.request.stdout, data)
  }

  /** From now on INT and TERM go to `handler` instead of ending the command. */
  trap(handler: (signalName: FakeSignal) => void): void {
    this.#trap = handler
  }

  /** Resolves with the first signal, which no longer ends the command. */
  nextSignal(): Promise<FakeSignal> {
    return new Promise((resolve) => this.trap(resolve))
  }

  run(behaviour: FakeBehaviour): void {
    // Once it has ended, what is still written to it goes nowhere.
    void this.outcome.then(() => this.#input.resume())
    void (async () => {
      try {
        this.#end({ exitCode: (await behaviour(this)) ?? 0 })
      } catch (error) {
        this.#end({ error })
      }
    })()
  }

  signal(signalName: FakeSignal): void {
    this.signals.push(signalName)
    if (this.#trap !== undefined && signalName !== 'KILL') this.#trap(signalName)
    else this.#end({ exitCode: 128 + signalNumbers[signalName] })
  }

  /** The pod is gone, and the command with it. */
  lose(error: AgolaError): void {
    this.#end({ error })
  }

  get input(): Writable {
    return this.#input
  }
}

export class FakeContainerExec implements ContainerExec {
  readonly stdin: Writable | null
  #process: FakeProcess

  constructor(process: FakeProcess) {
    this.#process = process
    this.stdin = process.request.stdin ? process.input : null
  }

  async wait(options: CallOptions = {}): Promise<number> {
    const outcome = await abortable(this.#process.outcome, options.signal)
    if ('error' in outcome) throw outcome.error
    return outcome.exitCode
  }

  async kill(signalName: FakeSignal): Promise<void> {
    this.#process.signal(signalName)
  }

  async resize(size: TtySize): Promise<void> {
    if (this.#process.request.tty === null)
      throw new AgolaError('assertionFailed', 'resize of a command without a terminal')
    this.#process.size = size
  }
}

/** `promise`, or the reason of `signal` when that comes first. */
export async function abortable<T>(promise: Promise<T>, signal: AbortSignal | undefined): Promise<T> {
  if (signal === undefined) return promise
  signal.throwIfAborted()
  const aborted = Promise.withResolvers<never>()
  const onAbort = () => aborted.reject(signal.reason)
  signal.addEventListener('abort', onAbort, { once: true })
  try {
    return await Promise.race([promise, aborted.promise])
  } finally {
    signal.removeEventListener('abort', onAbort)
  }
}

function writeAll(stream: Writable | null, data: string | Uint8Array): Promise<void> {
  if (stream === null) return Promise.resolve()
  return new Promise((resolve, reject) => stream.write(data, (error) => (error ? reject(error) : resolve())))
}

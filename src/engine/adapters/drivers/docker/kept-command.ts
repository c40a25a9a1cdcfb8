import { AgolaError } from '../../../model/errors.ts'
import type { ExecutorContainer } from '../../../model/executor-task.ts'
import type { CallOptions } from '../../../ports/call-options.ts'
import type { ContainerExec, ExecRequest } from '../../../ports/pod-driver.ts'
import { abortable } from '../../../std/abortable.ts'
import { ExecOutput } from '../exec-output.ts'
import { type ExecContext, podGone } from './exec.ts'
import { keeperCommand } from './keeper.ts'
import type { KillSignal } from './kill.ts'
import type { Lifeline } from './lifeline.ts'
import { MarkSplitter } from './mark-splitter.ts'

/** Starts a command as a child of the pod's first process, which spares the engine the making of an exec: a sixth of the time that a pod
 *  takes to come and go. The first command of a pod that has no terminal and no input, and the container's own user, can be one.
 *  @returns null when this one has to be an exec. */
export function startKeptCommand(
  context: ExecContext,
  lifeline: Lifeline,
  request: ExecRequest,
  names: { marker: string; container: Pick<ExecutorContainer, 'user' | 'environment'> },
): Promise<ContainerExec> | null {
  // The mark is known to nobody in the pod; its first byte is rare.
  const mark = `\x01${names.marker}`
  const text = keeperCommand(request, { ...names, mark })
  if (text === null || !lifeline.takesCommand) return null
  const command = new KeptCommand(context, lifeline, request, names.marker)
  lifeline.give(text, command.listen(mark))
  return command.started.then(() => command)
}

class KeptCommand implements ContainerExec {
  readonly stdin = null
  readonly started: Promise<void>
  readonly #context: ExecContext
  readonly #request: ExecRequest
  readonly #marker: string
  readonly #output: ExecOutput
  readonly #outcome = Promise.withResolvers<number>()
  readonly #starting = Promise.withResolvers<void>()
  #group = ''
  #exitCode: number | null = null
  #openStreams = 2
  #isDone = false

  constructor(context: ExecContext, lifeline: Lifeline, request: ExecRequest, marker: string) {
    this.#context = context
    this.#request = request
    this.#marker = marker
    this.#output = new ExecOutput(lifeline.connection)
    this.started = this.#starting.promise
    this.#outcome.promise.catch(() => undefined)
    void lifeline.closed.then(() => this.#fail(podGone()))
    // The first process may go on without it, to hold the network.
    void context.ended.then(() => context.isGone() && this.#fail(podGone()))
  }

  /** What takes the output of the keeper from its command on. */
  listen(mark: string): (stream: 1 | 2, bytes: Buffer) => void {
    const { stdout, stderr } = this.#request
    const splitter = {
      1: new MarkSplitter(mark, {
        onBytes: (bytes) => this.#write(stdout, bytes),
        onMark: (text) => this.#onMark(text),
      }),
      2: new MarkSplitter(mark, { onBytes: (bytes) => this.#write(stderr, bytes), onMark: () => this.#endStream() }),
    }
    return (stream, bytes) => {
      if (!this.#isDone) splitter[stream].push(bytes)
    }
  }

  wait(options: CallOptions = {}): Promise<number> {
    return abortable(this.#outcome.promise, options.signal)
  }

  async kill(signalName: KillSignal): Promise<void> {
    if (this.#isDone || this.#context.isGone()) return
    const isRunning = () => Promise.resolve(!this.#isDone)
    await this.#context.signal(
      { marker: this.#marker, user: this.#request.user, group: this.#group },
      signalName,
      isRunning,
    )
  }

  resize(): Promise<void> {
    return Promise.resolve()
  }

  #write(stream: ExecRequest['stdout'], bytes: Buffer): void {
    if (!this.#isDone) this.#output.write(stream, bytes)
  }

  /** First the id of its process, which leads a group, then its exit code. */
  #onMark(text: string): void {
    if (!/^\d+$/.test(text)) {
      this.#fail(new AgolaError('assertionFailed', `the first process of a pod said "${text}" about a command`))
    } else if (this.#group === '') {
      this.#group = text
      this.#starting.resolve()
    } else {
      this.#exitCode = Number(text)
      this.#endStream()
    }
  }

  /** What processes print that the command left behind is not its output. A command that ends because we end its pod has no end of its own. */
  #endStream(): void {
    this.#openStreams -= 1
    const exitCode = this.#exitCode
    if (this.#openStreams > 0 || exitCode === null || this.#context.isGone()) return
    this.#isDone = true
    this.#output.flushed().then(() => this.#outcome.resolve(exitCode), this.#outcome.reject)
  }

  #fail(error: AgolaError): void {
    this.#isDone = true
    this.#starting.reject(error)
    this.#outcome.reject(error)
  }
}

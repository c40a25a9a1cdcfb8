import { Writable } from 'node:stream'
import { AgolaError } from '../model/errors.ts'
import type { ExecutorTaskSpec } from '../model/executor-task.ts'
import type { CallOptions } from '../ports/call-options.ts'
import type { ContainerExec, Pod, PodEnd, TtySize } from '../ports/pod-driver.ts'
import { expandHome, resolveIn } from './container-path.ts'

/** What the set-up learnt about the main container, as the user of the steps sees it. */
export interface PodFacts {
  /** Absolute, made by the set-up. */
  workingDir: string
  /** '' when nobody knows it. */
  home: string
  hasGit: boolean
}

export interface PodCommand {
  command: string[]
  /** Added to the task's. */
  environment?: Record<string, string>
  tty?: TtySize | null
  stdin?: boolean
  stdout: Writable | null
  stderr: Writable | null
}

/** A pod whose steps can run: commands get the user and the environment of its task. */
export class ReadyPod {
  readonly pod: Pod
  readonly facts: PodFacts
  readonly spec: ExecutorTaskSpec
  #end: PodEnd | undefined

  constructor(pod: Pod, spec: ExecutorTaskSpec, facts: PodFacts) {
    this.pod = pod
    this.spec = spec
    this.facts = facts
    void pod.ended.then((end) => {
      this.#end = end
    })
  }

  /** How the main container ended, if it did. */
  get end(): PodEnd | undefined {
    return this.#end
  }

  start(command: PodCommand, options?: CallOptions): Promise<ContainerExec> {
    return startCommand(this.pod, this.spec, command, options)
  }

  /** The environment of a command that adds `more` to the task's, as far as the config says it: the image has variables of its own. */
  environmentWith(more: Readonly<Record<string, string>>): Record<string, string> {
    return { ...this.spec.containers[0]?.environment, ...this.spec.environment, ...more }
  }

  /** Runs a command to its end; when `signal` comes first the command is killed. */
  async run(command: PodCommand, signal: AbortSignal): Promise<number> {
    signal.throwIfAborted()
    const exec = await this.start(command, { signal })
    return await waitOrKill(exec, signal)
  }

  /** The directory that a step names: `~` is the home, '' the working directory, and relative names start there. */
  path(directory: string): string {
    return resolveIn(this.facts.workingDir, expandHome(directory, this.facts.home))
  }
}

/** The user of the steps: the task's, else the main container's, else the image's. */
export function startCommand(
  pod: Pod,
  spec: ExecutorTaskSpec,
  command: PodCommand,
  options?: CallOptions,
): Promise<ContainerExec> {
  const request = {
    command: command.command,
    environment: { ...spec.environment, ...command.environment },
    workingDir: '',
    user: spec.user || (spec.containers[0]?.user ?? ''),
    tty: command.tty ?? null,
    stdin: command.stdin ?? false,
    stdout: command.stdout,
    stderr: command.stderr,
  }
  return pod.exec(request, options)
}

export async function waitOrKill(exec: ContainerExec, signal: AbortSignal): Promise<number> {
  try {
    return await exec.wait({ signal })
  } catch (error) {
    // Not waited for: the pod goes away after this, and the process with it.
    if (signal.aborted) void exec.kill('KILL').catch(() => undefined)
    throw error
  }
}

/** Takes the output of a command that prints little; more than `bytesMax` is an error. */
export class OutputCollector extends Writable {
  readonly #chunks: Buffer[] = []
  readonly #bytesMax: number
  #bytes = 0

  constructor(bytesMax = 1024 * 1024) {
    super()
    this.#bytesMax = bytesMax
    this.on('error', () => undefined)
  }

  override _write(chunk: Buffer, _encoding: BufferEncoding, done: (error?: Error | null) => void): void {
    this.#bytes += chunk.length
    if (this.#bytes > this.#bytesMax) {
      done(new AgolaError('tooLarge', `a command in the container printed more than ${this.#bytesMax} bytes`))
      return
    }
    this.#chunks.push(Buffer.from(chunk))
    done()
  }

  get bytes(): Buffer {
    return Buffer.concat(this.#chunks)
  }

  get text(): string {
    return this.bytes.toString()
  }
}

import { Writable } from 'node:stream'
import type { CallOptions } from '../../../ports/call-options.ts'
import type { ContainerExec, ExecRequest, TtySize } from '../../../ports/pod-driver.ts'
import { abortable } from '../../../std/abortable.ts'
import { type StartFailure, startFailureLine } from './start-failure.ts'

/** A command that the engine refused to start in so many words: to the caller it has ended, as one that a shell cannot run. */
export class FailedExec implements ContainerExec {
  readonly stdin: Writable | null
  readonly #outcome: Promise<number>

  constructor({ stdin, stdout, stderr, tty }: ExecRequest, failure: StartFailure) {
    this.stdin = stdin ? new Writable({ write: (_chunk, _encoding, done) => done() }) : null
    const stream = tty === null ? (stderr ?? stdout) : stdout
    this.#outcome = tell(stream, startFailureLine(failure, tty !== null)).then(() => failure.exitCode)
    this.#outcome.catch(() => undefined)
  }

  wait(options: CallOptions = {}): Promise<number> {
    return abortable(this.#outcome, options.signal)
  }

  kill(): Promise<void> {
    return Promise.resolve()
  }

  resize(_size: TtySize): Promise<void> {
    return Promise.resolve()
  }
}

function tell(stream: Writable | null, line: Buffer): Promise<void> {
  return new Promise((resolve, reject) => {
    if (stream === null) resolve()
    else stream.write(line, (error) => (error ? reject(error) : resolve()))
  })
}

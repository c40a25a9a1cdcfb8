import { once } from 'node:events'
import { Writable } from 'node:stream'
import type { LogFile } from './log-file.ts'
import { MaskCommands, maskCommandBytesMax, type OutputPart } from './mask-commands.ts'
import type { MaskRefusal } from './run-masks.ts'

/** Masks a value in all logs of the run; says why not. */
export type AddMask = (value: string) => MaskRefusal | null

/** One stream of a command on its way to the log of its step: values that it names are masked before what follows is written. */
export class StepOutput extends Writable {
  readonly #log: LogFile
  readonly #addMask: AddMask
  readonly #commands = new MaskCommands()

  constructor(log: LogFile, addMask: AddMask) {
    super()
    this.#log = log
    this.#addMask = addMask
  }

  /** Resolves when everything is in the hands of the log. */
  async close(): Promise<void> {
    if (this.writableFinished) return
    this.end()
    await once(this, 'finish')
  }

  override _write(chunk: Buffer, _encoding: BufferEncoding, done: () => void): void {
    void this.#take(this.#commands.push(chunk)).then(done)
  }

  override _final(done: () => void): void {
    void this.#take(this.#commands.end()).then(done)
  }

  async #take(parts: readonly OutputPart[]): Promise<void> {
    for (const part of parts) {
      if (part.type === 'output') await this.#write(part.bytes)
      else await this.#obey(part)
    }
  }

  async #obey(part: Exclude<OutputPart, { type: 'output' }>): Promise<void> {
    const refusal = part.type === 'tooLong' ? `longer than ${maskCommandBytesMax} bytes` : this.#addMask(part.value)
    if (refusal !== null) await this.#write(`agola: a value is not masked: ${refusal}\n`)
  }

  /** Resolves when it was masked. A log that cannot be written tells its step by itself. */
  async #write(bytes: Buffer | string): Promise<void> {
    if (this.#log.destroyed) return
    await new Promise<void>((resolve) => this.#log.write(bytes, () => resolve()))
  }
}

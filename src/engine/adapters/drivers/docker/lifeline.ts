import type { Duplex } from 'node:stream'
import type { PodOpened } from '../../../ports/pod-driver.ts'
import { Demultiplexer } from './demultiplexer.ts'
import { openedErrorPattern, openedPattern, openingPattern, vacatedPattern } from './keeper.ts'

/** The opening script is ours and says little. */
const openingBytesMax = 64 * 1024

/** Its last line is looked at. */
const answerBytesMax = 256

type OnBytes = (stream: 1 | 2, bytes: Buffer) => void

/** Our end of a pod's first process, the keeper: its standard input, whose end is the pod's, and its output. */
export class Lifeline {
  readonly connection: Duplex
  readonly closed: Promise<void>
  #onBytes: OnBytes = () => undefined
  #isHeard = false
  #isFree = true
  /** The keeper has its command, or none, and waits for tokens. */
  #isListening = false

  constructor(connection: Duplex) {
    this.connection = connection
    this.closed = new Promise((resolve) => connection.once('close', resolve))
    const demultiplexer = new Demultiplexer((stream, bytes) => this.#onBytes(stream, bytes))
    connection.on('data', (chunk: Buffer) => {
      try {
        demultiplexer.push(chunk)
      } catch (error) {
        connection.destroy(error as Error)
      }
    })
    connection.on('error', () => undefined)
  }

  /** What the opening script prints, up to the marks on both streams. null when the connection ends before, or when it came too late for the beginning. */
  readOpening(): Promise<PodOpened | null> {
    const { promise, resolve } = Promise.withResolvers<PodOpened | null>()
    const output = { 1: '', 2: '' }
    this.#onBytes = (stream, bytes) => {
      output[stream] = (output[stream] + bytes.toString('utf8')).slice(-openingBytesMax)
      const mark = openedPattern.exec(output[1])
      const errorMark = openedErrorPattern.exec(output[2])
      if (mark === null || errorMark === null) return
      this.#onBytes = () => undefined
      const printed = output[1].slice(0, mark.index)
      const stdout = printed.replace(openingPattern, '')
      this.#isHeard = stdout !== printed
      resolve(this.#isHeard ? { exitCode: Number(mark[1]), stdout, stderr: output[2].slice(0, errorMark.index) } : null)
    }
    void this.closed.then(() => resolve(null))
    return promise
  }

  /** Whether it is a keeper that is at the other end, and lives. */
  get isHeard(): boolean {
    return this.#isHeard && this.connection.writable
  }

  /** Whether the keeper still waits for its command. One of which nothing was heard gets none. */
  get takesCommand(): boolean {
    return this.#isFree && this.isHeard
  }

  /** Gives the keeper its only command; `onBytes` gets what it prints from then on. */
  give(command: string, onBytes: OnBytes): void {
    this.#isFree = false
    this.#onBytes = (stream, bytes) => {
      this.#isListening = true
      onBytes(stream, bytes)
    }
    this.connection.write(command)
  }

  /** The keeper is to wait for nothing any more, and to take in the processes that others leave behind. */
  release(): void {
    if (!this.#isFree) return
    this.#isFree = false
    this.#isListening = true
    if (this.connection.writable) this.connection.write('\n')
  }

  /** Ends everything in the pod but the keeper of one that `leavesNetwork`. @returns whether the network is as new then; false also where
   *  the keeper may not be listening yet: what reads its command would take the token for a part of it */
  vacate(token: string): Promise<boolean> {
    if (!this.#isListening || !this.isHeard) return Promise.resolve(false)
    const { promise, resolve } = Promise.withResolvers<boolean>()
    const pattern = vacatedPattern(token)
    let output = ''
    this.#onBytes = (stream, bytes) => {
      if (stream !== 1) return
      output = (output + bytes.toString('latin1')).slice(-answerBytesMax)
      const answer = pattern.exec(output)
      if (answer !== null) resolve(answer[1] === 'vacant')
    }
    void this.closed.then(() => resolve(false))
    this.connection.write(`${token}\n`)
    return promise
  }

  /** End of file for the keeper: everything in the pod ends. */
  end(): void {
    this.connection.end()
  }

  destroy(): void {
    this.connection.destroy()
  }

  /** The pod lives on as long as the process, and no longer holds it up. */
  unref(): void {
    const socket = this.connection as { unref?: () => void }
    socket.unref?.()
  }
}

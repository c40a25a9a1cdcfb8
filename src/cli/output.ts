import type { Writable } from 'node:stream'

/** A line at the end of the terminal that stays there while others write. */
export interface LineBelow {
  erase(): void
  draw(): void
}

/** Writes to stdout or stderr in order, waiting for a slow reader. A reader that went away (`| head`) is noticed once;
 *  what is written after that is dropped, because a run does not end with its spectator. */
export class Output {
  private readonly stream: Writable
  private readonly onClosed: () => void
  private closed = false
  /** Stays below what is written to a terminal. */
  below: LineBelow | null = null

  constructor(stream: Writable, onClosed: () => void) {
    this.stream = stream
    this.onClosed = onClosed
    stream.on('error', () => this.close())
    stream.on('close', () => this.close())
  }

  get isClosed(): boolean {
    return this.closed
  }

  /** Resolves when more can be written without filling memory. */
  async write(text: string | Uint8Array): Promise<void> {
    if (this.closed || text.length === 0 || this.hand(text)) return
    await new Promise<void>((resolve) => {
      const done = () => {
        for (const name of ['drain', 'close', 'error']) this.stream.removeListener(name, done)
        resolve()
      }
      for (const name of ['drain', 'close', 'error']) this.stream.once(name, done)
    })
  }

  /** Resolves when everything written was handed to the system, so that the process may end. */
  async flush(): Promise<void> {
    if (this.closed) return
    await new Promise<void>((resolve) => {
      this.stream.once('error', () => resolve())
      this.stream.write('', () => resolve())
    })
  }

  private hand(text: string | Uint8Array): boolean {
    const below = 'isTTY' in this.stream && this.stream.isTTY === true ? this.below : null
    below?.erase()
    const goesOn = this.stream.write(text)
    below?.draw()
    return goesOn
  }

  private close(): void {
    if (this.closed) return
    this.closed = true
    this.onClosed()
  }
}

import { closeSync, openSync, writeSync } from 'node:fs'
import type { Readable } from 'node:stream'
import { ReadStream } from 'node:tty'

/** The terminal that the process belongs to, wherever its standard streams go. */
export interface ControllingTerminal {
  /** Keys as bytes: nothing is echoed and no key makes a signal until it is closed. */
  input: Readable
  columns: number
  write(text: string): void
  close(): void
}

const device = '/dev/tty'

/** Takes the keys of the terminal. null: there is none. */
export function openControllingTerminal(): ControllingTerminal | null {
  const output = openDevice()
  if (output === null) return null
  const input = new ReadStream(openSync(device, 'r'))
  input.setRawMode(true)
  const { stdout, stderr } = process
  return {
    input,
    columns: (stderr.isTTY ? stderr.columns : stdout.columns) || 80,
    write: (text) => void writeSync(output, text),
    close: () => {
      input.setRawMode(false)
      input.destroy()
      closeSync(output)
    },
  }
}

export function hasControllingTerminal(): boolean {
  const opened = openDevice()
  if (opened !== null) closeSync(opened)
  return opened !== null
}

function openDevice(): number | null {
  try {
    return openSync(device, 'r+')
  } catch (error) {
    // ENXIO: a process without terminal; ENOENT and EACCES: a system or container without the device.
    if (error instanceof Error && 'code' in error) return null
    throw error
  }
}

import { Socket } from 'node:net'

/** Takes the end of `descriptor` for a hang-up of the process: it is the end of a parent that passes signals on, and KILL is one that it
 *  could not pass on. Keeps nothing alive. A descriptor that is none of the kind is left alone. */
export function hangUpWithParent(descriptor: number): void {
  try {
    const socket = new Socket({ fd: descriptor, readable: true, writable: false })
    socket.on('error', () => undefined).on('close', () => process.kill(process.pid, 'SIGHUP'))
    socket.resume().unref()
  } catch {
    // The variable was not meant for this process.
  }
}

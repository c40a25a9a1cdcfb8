import { connect } from 'node:net'

const connectMsMax = 1_000

/** Whether somebody accepts connections at a socket: `refused` when nobody can any more. */
export function connectionState(path: string): Promise<'accepted' | 'refused' | 'unknown'> {
  return new Promise((resolve) => {
    const socket = connect(path)
    const end = (state: 'accepted' | 'refused' | 'unknown') => {
      socket.destroy()
      resolve(state)
    }
    socket.setTimeout(connectMsMax, () => end('unknown'))
    socket.once('connect', () => end('accepted'))
    socket.once('error', (error: NodeJS.ErrnoException) => end(error.code === 'ECONNREFUSED' ? 'refused' : 'unknown'))
  })
}

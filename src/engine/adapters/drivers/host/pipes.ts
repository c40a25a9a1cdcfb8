import { execFile } from 'node:child_process'
import { closeSync, constants, openSync, rmSync } from 'node:fs'
import { Socket } from 'node:net'
import { join } from 'node:path'
import { promisify } from 'node:util'

/** One end for us, one for a command. */
export interface OutputPipe {
  reader: Socket
  /** To be closed here once the command has it. */
  writeFd: number
}

const run = promisify(execFile)

/** Real pipes. Those that Node makes for a child are sockets, which cannot be opened again by name: `echo oops >/dev/stderr`
 *  would fail, as it does in no container. Resolves to `count` of them; nothing of them stays in `directory`. */
export async function openPipes(directory: string, name: string, count: number, path: string): Promise<OutputPipe[]> {
  const files = Array.from({ length: count }, (_, index) => join(directory, `.${name}-${index}`))
  const pipes: OutputPipe[] = []
  try {
    await run('mkfifo', ['-m', '600', ...files], { env: { PATH: path } })
    for (const file of files) pipes.push(openPipe(file))
    return pipes
  } catch (error) {
    for (const pipe of pipes) {
      pipe.reader.destroy()
      closeWriter(pipe)
    }
    throw error
  } finally {
    for (const file of files) rmSync(file, { force: true })
  }
}

function openPipe(file: string): OutputPipe {
  // Without a wait the reader must come first; the writer's own flags stay blocking, as programs expect.
  const readFd = openSync(file, constants.O_RDONLY | constants.O_NONBLOCK)
  const writeFd = openSync(file, constants.O_WRONLY)
  return { reader: new Socket({ fd: readFd, readable: true, writable: false }), writeFd }
}

export function closeWriter({ writeFd }: OutputPipe): void {
  closeSync(writeFd)
}

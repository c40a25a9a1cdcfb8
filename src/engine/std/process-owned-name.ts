import { hostname } from 'node:os'

const separator = '+'

/** A name that tells which process of which machine a temporary file belongs to. */
export function processOwnedName(name: string): string {
  return [encodeURIComponent(hostname()), process.pid, name].join(separator)
}

/** Whether a name tells of a process, of whichever machine. */
export function isProcessOwned(name: string): boolean {
  return name.split(separator).length > 2
}

/** Whether a name tells of a process of this machine that is gone. Where another process has got its pid by now the answer is no: age has
 *  to condemn that file. */
export function isOfDeadProcess(name: string): boolean {
  const [host, pid, ...rest] = name.split(separator)
  return rest.length > 0 && host === encodeURIComponent(hostname()) && !isRunning(Number(pid))
}

function isRunning(pid: number): boolean {
  try {
    return process.kill(pid, 0)
  } catch (error) {
    // Of another user: it lives.
    return error instanceof Error && 'code' in error && error.code === 'EPERM'
  }
}

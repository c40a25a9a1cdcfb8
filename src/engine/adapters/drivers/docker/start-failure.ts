import type { ExecRequest } from '../../../ports/pod-driver.ts'

export interface StartFailure {
  /** One line for the user, without a line end. */
  message: string
  exitCode: 126 | 127
}

const beginnings = [
  'OCI runtime exec failed',
  'unable to find user',
  'unable to find group',
  'Error: runc: exec failed',
  'Error: crun: ',
  'Error: OCI runtime',
  'runc: exec failed',
  'crun: ',
]
const charactersMax = 4096

/** Whether this is, or may become, the engine's own complaint instead of a command's output. The exec's state has the last word. */
export function isStartFailure(text: string): boolean {
  return text.length <= charactersMax && beginnings.some((beginning) => text.startsWith(beginning))
}

export function startFailureLine({ message }: StartFailure, isTerminal: boolean): Buffer {
  return Buffer.from(`${message}${isTerminal ? '\r' : ''}\n`)
}

/** What a shell would say and exit with: 127 for a command that is not there, 126 for one that cannot be run. */
export function toStartFailure(complaint: string, { command, workingDir, user }: ExecRequest): StartFailure {
  const name = command[0] ?? ''
  if (workingDir !== '' && /chdir|working directory|getcwd|cwd/.test(complaint)) {
    const why = /no such file/i.test(complaint) ? 'does not exist in the container' : 'cannot be entered'
    return { message: `cannot run "${name}": the working directory ${workingDir} ${why}`, exitCode: 126 }
  }
  if (/unable to find (user|group)|no matching entries in (passwd|group) file/.test(complaint)) {
    return { message: `cannot run "${name}": the image has no user "${user}"`, exitCode: 126 }
  }
  if (/executable file .*not found|no such file or directory/i.test(complaint)) {
    return { message: `cannot run "${name}": there is no such program in the container`, exitCode: 127 }
  }
  if (/permission denied/i.test(complaint)) {
    return { message: `cannot run "${name}": permission denied`, exitCode: 126 }
  }
  return { message: `cannot run "${name}": ${complaint.trim()}`, exitCode: 126 }
}

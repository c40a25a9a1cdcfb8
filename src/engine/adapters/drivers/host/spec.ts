import type { ExecRequest, TtySize } from '../../../ports/pod-driver.ts'
import type { PodDirectory } from './pod-directory.ts'
import { execMarker, podMarker } from './processes.ts'

/** What of the user's own environment a step gets: what programs need to work, nothing that tells or steers. */
const inherited = ['PATH', 'LANG', 'LC_ALL', 'LC_CTYPE', 'TZ', 'USER', 'LOGNAME', 'SHELL']
const defaultPath = '/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin'

/** Stands for a container's own environment: a few inherited variables, private directories, then what the config gives. */
export function podEnvironment(
  hostEnvironment: Record<string, string | undefined>,
  directory: PodDirectory,
  podId: string,
  configured: Record<string, string>,
): Record<string, string> {
  const environment: Record<string, string> = { PATH: defaultPath }
  for (const name of inherited) {
    const value = hostEnvironment[name]
    if (value !== undefined && value !== '') environment[name] = value
  }
  return { ...environment, HOME: directory.home, TMPDIR: directory.temporary, ...configured, [podMarker]: podId }
}

export interface HostCommand {
  program: string
  parameters: string[]
  environment: Record<string, string>
}

/** What to spawn for a command: itself, or `script` around it when it wants a terminal and that is there. */
export function hostCommand(
  request: ExecRequest,
  podEnvironment: Record<string, string>,
  marker: string,
  script: string,
): HostCommand {
  const [program = '', ...parameters] = request.command
  const environment: Record<string, string> = { ...podEnvironment, ...request.environment, [execMarker]: marker }
  if (request.tty === null || script === '') return { program, parameters, environment }
  // `script` takes a command line for the shell in SHELL, and hands the exit code on.
  const line = `${sizing(request.tty)}exec ${request.command.map(quote).join(' ')}`
  const own = { ...environment, SHELL: '/bin/sh', TERM: environment.TERM ?? 'xterm' }
  return { program: script, parameters: ['-q', '-f', '-e', '-c', line, '/dev/null'], environment: own }
}

function sizing({ columns, rows }: TtySize): string {
  return `stty cols ${columns} rows ${rows} 2>/dev/null; `
}

export function quote(word: string): string {
  return `'${word.replaceAll("'", `'\\''`)}'`
}

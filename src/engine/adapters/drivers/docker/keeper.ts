import type { ExecutorContainer } from '../../../model/executor-task.ts'
import type { ExecRequest, PodOpening } from '../../../ports/pod-driver.ts'
import { shellQuote } from '../../../std/shell-quote.ts'
import { execMarker } from './kill.ts'
import { busyboxPath } from './toolbox.ts'

/** The signal that ends a keeper: one that no step sends to every shell it finds. */
export const keeperStopSignal = 'SIGUSR2'

const openingMark = 'opening'

/** What begins the output of the opening script; missing where the container was faster than our attachment. */
export const openingPattern = new RegExp(`^${openingMark}\n`)

/** What ends it: the script's exit code. */
export const openedPattern = /\n(\d+) opened\n$/

/** What ends the script's standard error, which may come later than the end of its output. */
export const openedErrorPattern = /\nopened\n$/

/** A longer command is left to an exec: a shell reads its line byte by byte. */
const commandBytesMax = 64 * 1024

/** The first process of a pod that dies with us. Its own variables have names that no environment holds: a shell that sets a variable which
 *  it was given hands the new value on. It reads a standard input that we hold: our death, whatever its kind, is its end of file,
 *  and the pod's end. First it runs the opening script, then one line of commands that comes on that input (`keeperCommand`), or an empty
 *  one, in the foreground: a shell starts what runs in its background deaf to INT.
 *  A shell that waits takes in the children that others left behind, as an init does, so that neither Docker's init nor Podman's, which is
 *  not always installed, is needed. Where it is not the first of its processes, as with an init or the host's, it ends nothing but itself. */
export function keeper(opening: PodOpening | undefined): string[] {
  const first =
    opening === undefined
      ? ''
      : `echo ${openingMark}; (toolbox=${busyboxPath}\n${opening.script}\n) </dev/null; _agola_code=$?; echo; echo "$_agola_code opened"; { echo; echo opened; } >&2`
  const script = `trap 'exit 0' USR2
exec 3<&0
${first}
IFS= read -r _agola_command <&3 || exit 0
{ ${busyboxPath} cat <&3 >/dev/null; [ $$ = 1 ] && kill -s KILL -- -1; kill -s KILL $$; } &
exec 4>&2 2>/dev/null
_agola_newline='
'
eval "$_agola_command"
wait`
  return [busyboxPath, 'sh', '-c', script, 'agola']
}

/** The first process of a pod that outlives us. */
export function sleeper(seconds: number): string[] {
  return [
    busyboxPath,
    'sh',
    '-c',
    `trap 'exit 0' USR2; ${busyboxPath} sleep ${Math.max(1, seconds)} & wait $!`,
    'agola',
  ]
}

/** The keeper's line for a command that needs nothing but the container's own user and directory and the toolbox, which is there; null for
 *  others. What the shell adds to the environment is taken out again, and what it may have changed of the container's set anew; the level of
 *  an image that brings one is lowered again. On standard output the command begins and ends with a line that
 *  starts with `mark`: the id of its process, its exit code; its standard error ends with such a line. */
export function keeperCommand(
  request: ExecRequest,
  {
    mark,
    marker,
    container,
  }: { mark: string; marker: string; container: Pick<ExecutorContainer, 'user' | 'environment'> },
): string | null {
  const { command, environment, workingDir, user, tty, stdin } = request
  if (tty !== null || stdin || workingDir !== '' || command[0] !== busyboxPath) return null
  if (user !== '' && user !== container.user) return null
  const variables = Object.entries({ ...container.environment, ...environment, [execMarker]: marker })
  const assignments = variables.map(([name, value]) => `${name}=${value}`)
  const words = [busyboxPath, 'env', '-u', 'PWD', '-u', 'OLDPWD', '--', ...assignments, ...command]
  const program = words.map((word) => shellQuote(word).replaceAll('\n', `'"$_agola_newline"'`)).join(' ')
  const level = 'SHLVL=$((SHLVL - 1)); [ $SHLVL -gt 0 ] || unset SHLVL'
  const line = `(read -r _agola_pid _agola_rest </proc/self/stat; echo "${mark} $_agola_pid"; ${level}; exec ${busyboxPath} setsid ${program}) 2>&4 </dev/null 3<&- 4>&-; _agola_code=$?; echo "${mark} $_agola_code"; echo "${mark}" >&4\n`
  return Buffer.byteLength(line) <= commandBytesMax ? line : null
}

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

/** A longer command is left to an exec, which tells which of its words or variables no system would take. */
const commandBytesMax = 64 * 1024

/** How a whole command ends: a comment. Of one that we could not write to its end nothing is run. */
const commandEnd = ' #whole'

/** What containers in one network share. */
const networkFiles = '/etc/hosts /etc/hostname /etc/resolv.conf'
const socketTables = 'tcp tcp6 udp udp6 udplite udplite6 raw raw6 icmp icmp6 unix sctp/assocs'

/** Notes how a network is, and makes the function that ends all processes but the first and this one and tells whether it is as new then: a
 *  file that was changed, a socket that waits for its peer, a process that cannot be ended, or memory that stays are for no other pod. */
const vacate = `_agola_look() {
  _agola_text=$(${busyboxPath} stat -c '%a %u %g %s' ${networkFiles} 2>/dev/null)
  for _agola_file in ${networkFiles}; do
    while IFS= read -r _agola_line || [ -n "$_agola_line" ]; do _agola_text="$_agola_text/$_agola_line"; done 2>/dev/null <$_agola_file
  done
}
_agola_is_alone() {
  for _agola_process in /proc/[0-9]*; do
    case \${_agola_process#/proc/} in 1 | $_agola_self) continue ;; esac
    IFS= read -r _agola_line 2>/dev/null <$_agola_process/stat || continue
    case \${_agola_line##*) } in Z*) ;; *) return 1 ;; esac
  done
}
_agola_has_sockets() {
  [ -r /proc/self/net/tcp ] || return 0
  for _agola_table in ${socketTables}; do
    { IFS= read -r _agola_line && IFS= read -r _agola_line && return 0; } 2>/dev/null </proc/self/net/$_agola_table
  done
  return 1
}
_agola_vacate() {
  [ $$ = 1 ] || return 1
  read -r _agola_self _agola_line </proc/self/stat
  for _agola_try in 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16 17 18 19 20; do
    kill -s KILL -- -1 2>/dev/null
    _agola_is_alone && break
    ${busyboxPath} usleep 5000
  done
  _agola_is_alone || return 1
  for _agola_file in /dev/shm/* /dev/shm/.[!.]*; do [ ! -e "$_agola_file" ] || return 1; done
  _agola_look
  [ "$_agola_text" = "$_agola_found" ] || return 1
  ! _agola_has_sockets
}
_agola_look
_agola_found=$_agola_text
`

const answerToken = `_agola_vacate && _agola_state=vacant || _agola_state=occupied
  echo "
$_agola_token $_agola_state"`

/** The answer to a token, on standard output: whether the network is as new. */
export function vacatedPattern(token: string): RegExp {
  return new RegExp(`\\n${token} (vacant|occupied)\\n`)
}

/** The first process of a pod that dies with us. Its own variables have names that no environment holds: a shell that sets a variable which
 *  it was given hands the new value on. It reads a standard input that we hold: our death, whatever its kind, is its end of file,
 *  and the pod's end. First it runs the opening script, then the commands that come on that input (`keeperCommand`) after a line with the number
 *  of their bytes, or none after an empty line, in the foreground: a shell starts what runs in its background deaf to INT. It reads lines
 *  byte by byte, so that only the number is one. Lines after that are tokens: with `leavesNetwork` it ends all but itself at each, and answers
 *  (`vacatedPattern`).
 *  A shell that waits takes in the children that others left behind, as an init does, so that neither Docker's init nor Podman's, which is
 *  not always installed, is needed. Where it is not the first of its processes, as with an init or the host's, it ends nothing but itself. */
export function keeper(opening: PodOpening | undefined, { leavesNetwork }: { leavesNetwork: boolean }): string[] {
  const first =
    opening === undefined
      ? ''
      : `echo ${openingMark}; (toolbox=${busyboxPath}\n${opening.script}\n) </dev/null; _agola_code=$?; echo; echo "$_agola_code opened"; { echo; echo opened; } >&2`
  const script = `trap 'exit 0' USR2
exec 3<&0
${first}
${leavesNetwork ? vacate : ''}IFS= read -r _agola_bytes <&3 || exit 0
_agola_command=
if [ -n "$_agola_bytes" ]; then
  _agola_command=$(${busyboxPath} head -c "$_agola_bytes" <&3)
  case $_agola_command in *'${commandEnd}') ;; *) exit 0 ;; esac
fi
{ while read -r _agola_token; do ${leavesNetwork ? answerToken : ':'}; done <&3; [ $$ = 1 ] && kill -s KILL -- -1; kill -s KILL $$; } &
exec 4>&2 2>/dev/null
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

/** Names whose values a shell does not hand on as it was given them, or reads itself. */
const shellOwnNames = /^(EPOCH\w+|FUNCNAME|HISTFILE|IFS|LINENO|OPTIND|PPID|RANDOM|SECONDS|SHLVL|_\w*)$/

/** What the keeper gets for a command that needs nothing but the container's own user and directory and the toolbox, which is there; null for
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
  const isPlain = ([name]: [string, string]) => /^[A-Za-z_]\w*$/.test(name) && !shellOwnNames.test(name)
  const others = variables.filter((variable) => !isPlain(variable))
  const text = `(read -r _agola_pid _agola_rest </proc/self/stat; echo "${mark} $_agola_pid"
SHLVL=$((SHLVL - 1)); [ $SHLVL -gt 0 ] || unset SHLVL
unset PWD OLDPWD
${variables.filter(isPlain).map(exported).join('\n')}
exec ${busyboxPath} setsid ${[...withVariables(others), ...command].map(shellQuote).join(' ')}) 2>&4 </dev/null 3<&- 4>&-
_agola_code=$?; echo "${mark} $_agola_code"; echo "${mark}" >&4${commandEnd}`
  const bytes = Buffer.byteLength(text)
  return bytes <= commandBytesMax ? `${bytes}\n${text}` : null
}

function exported([name, value]: [string, string]): string {
  return `export ${name}=${shellQuote(value)}`
}

/** A program that sets them: a process more. */
function withVariables(variables: readonly [string, string][]): string[] {
  return variables.length === 0
    ? []
    : [busyboxPath, 'env', '--', ...variables.map(([name, value]) => `${name}=${value}`)]
}

import { busyboxPath } from './toolbox.ts'

/** In the environment of every command: how its processes are found again. Everything it starts inherits it. */
export const execMarker = 'AGOLA_EXEC_ID'

export const notFoundExitCode = 3

/** For the toolbox's shell, so that nothing of the image is needed: finds the processes that carry the marker `$1` and prints the process
 *  groups to signal: that of the command itself, or with `$2` = all those of everything that it started. Its own comes first: a shell that
 *  outlives what it waits for may end by itself, and well.
 *  The shell's own `read` leaves zero bytes out, so that no program has to be started for each process. */
const findScript = `
marked() {
  while read -r line || [ -n "$line" ]; do
    case $line in *"${execMarker}=$2"*) return 0 ;; esac
  done 2>/dev/null <$1
  return 1
}
found=
leader=
for directory in /proc/[0-9]*; do
  marked $directory/environ "$1" || continue
  read -r stat 2>/dev/null <$directory/stat || continue
  rest=\${stat##*) }
  set -- "$1" "$2" $rest
  [ "$3" = Z ] && continue
  case " $found " in *" $5 "*) ;; *) found="$found $5" ;; esac
  [ "$4" = 0 ] && leader=$5
done 2>/dev/null
[ "$2" = all ] && found="$leader $found" || found=\${leader:-$found}
found=\${found# }
[ -n "$found" ] || exit ${notFoundExitCode}
echo $found
`

const signalScript = (signalName: string, groups: string) =>
  `for group in ${groups}; do kill -s ${signalName} -- -$group 2>/dev/null; done; exit 0`

export type KillSignal = 'INT' | 'TERM' | 'KILL'

/** Prints the process groups of the command with this marker; exit code 3 when there are none that the user may look at. */
export function findCommand(marker: string, signalName: KillSignal): string[] {
  return shell(findScript, [marker, reach(signalName)])
}

/** Finds and signals in one go, which saves a round trip where the finder may signal all that it finds. */
export function findAndSignalCommand(marker: string, signalName: KillSignal): string[] {
  return shell(findScript + signalScript(signalName, '$found'), [marker, reach(signalName)])
}

export function signalCommand(groups: readonly string[], signalName: KillSignal): string[] {
  return shell(signalScript(signalName, '"$@"'), groups)
}

/** KILL ends what left the group too, the others are for the command to handle. */
function reach(signalName: KillSignal): 'all' | 'group' {
  return signalName === 'KILL' ? 'all' : 'group'
}

function shell(script: string, parameters: readonly string[]): string[] {
  return [busyboxPath, 'sh', '-c', script, 'sh', ...parameters]
}

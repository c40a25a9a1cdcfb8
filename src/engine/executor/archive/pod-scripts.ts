import type { Pod } from '../../ports/pod-driver.ts'
import { applet } from '../toolbox.ts'

/** Adds `path` to the positional parameters unless it does not exist or a link leads to it. */
const addExisting = `part=$path linked=
  while :; do
    part=\${part%/*}
    case $part in */*) if [ -L "$part" ]; then linked=1; fi ;; *) break ;; esac
  done
  if [ -z "$linked" ] && { [ -e "$path" ] || [ -L "$path" ]; }; then set -- "$@" "$path"; fi`

/** Writes a tar of the paths `$2` and on, seen from the directory `$1`, and where `isDeep` of all that lies below them. Paths that do not
 *  exist, or that a link leads to, are left out; when none is left, nothing is written. */
export function createTarScript(pod: Pod, isDeep: boolean): string {
  return `cd -- "$1" || exit 1
shift
for path; do
  shift
  ${addExisting}
done
if [ $# -eq 0 ]; then exit 0; fi
exec ${applet(pod, 'tar')} -c${isDeep ? '' : ' --no-recursion'} -f - "$@"`
}

/** Lists the paths `$2` and on, seen from the directory `$1`, and what is below them, each ended by NUL. Each has the number of levels to
 *  go below it and a colon before it; these numbers are `depths`. The same are left out as of the tar; no link is followed. */
export function listScript(pod: Pod, depths: readonly number[]): string {
  const calls = depths.map((depth) => `list ${depth} '${depth === Infinity ? '' : `-maxdepth ${depth}`}' "$@"`)
  return `cd -- "$1" || exit 1
shift
list() {
  depth=$1 option=$2
  shift 2
  for path; do
    shift
    case $path in "$depth":*) path=\${path#*:} ;; *) continue ;; esac
    ${addExisting}
  done
  if [ $# -gt 0 ]; then ${applet(pod, 'find')} "$@" $option -print0 || code=$?; fi
}
code=0
${calls.join('\n')}
exit "$code"`
}

/** Writes tars, one behind the other, of the names on standard input, each ended by NUL, below the directory `$1`: of these only, not of
 *  what lies below them. Names on a command line may have every character, which those of a list that tar reads may not. */
export function createTarOfNamesScript(pod: Pod): string {
  return `cd -- "$1" && exec ${applet(pod, 'xargs')} -0 ${applet(pod, 'tar')} -c --no-recursion -f -`
}

/** What `extractTarScript` says when its answer is complete. */
export const answerEnd = '.'

/** Makes the directory `$1`, reads a list of names (ended by NUL, `$2` blocks of 4096 bytes in all) and answers which of them exist there:
 *  `l`, `d` or `f` (link, directory, anything else) with the name, each ended by NUL, then `answerEnd`. After a line from its caller it
 *  extracts the tar that follows; without one it ends. */
export function extractTarScript(pod: Pod): string {
  const check =
    'for path; do ' +
    'if [ -L "$path" ]; then printf "l%s\\0" "$path"; ' +
    'elif [ -d "$path" ]; then printf "d%s\\0" "$path"; ' +
    'elif [ -e "$path" ]; then printf "f%s\\0" "$path"; fi; done'
  return `if [ -L "$1" ] || { [ -e "$1" ] && ! [ -d "$1" ]; }; then
  echo "agola: the destination \\"$1\\" exists and is not a directory" >&2
  exit 1
fi
${applet(pod, 'mkdir')} -p -- "$1" && cd -- "$1" || exit 1
${applet(pod, 'dd')} bs=4096 count="$2" iflag=fullblock 2>/dev/null |
  ${applet(pod, 'xargs')} -0 ${applet(pod, 'sh')} -c '${check}' agola
printf '%s\\0' '${answerEnd}'
read -r go || exit 0
umask 0
exec ${applet(pod, 'tar')} -x -p -o -f -`
}

/** Gives the mode `$1` to the names on standard input, each ended by NUL, below the directory `$2`. */
export function changeModeScript(pod: Pod): string {
  return `cd -- "$2" && exec ${applet(pod, 'xargs')} -0 ${applet(pod, 'chmod')} "$1"`
}

/** Changes the checkout in the directory `$1`: removes the files of the first list (`$2` blocks of 4096 bytes, names ended by NUL), then
 *  the empty directories of the second (`$3` blocks), and extracts the tar that follows. */
export function applyChangeScript(pod: Pod): string {
  const each = (action: string) => `for path; do if [ -n "$path" ]; then ${action}; fi; done`
  const list = (count: string, action: string) =>
    `[ "${count}" = 0 ] || ${applet(pod, 'dd')} bs=4096 count="${count}" iflag=fullblock 2>/dev/null |
  ${applet(pod, 'xargs')} -0 ${applet(pod, 'sh')} -c '${each(action)}' agola`
  return `cd -- "$1" || exit 1
${list('$2', `${applet(pod, 'rm')} -f -- "$path" || exit 255`)} || exit 1
${list('$3', `${applet(pod, 'rmdir')} -- "$path" 2>/dev/null || true`)}
umask 0
exec ${applet(pod, 'tar')} -x -p -o -f -`
}

/** Extracts the tar on standard input into the directory `$1`, which has to be empty. */
export function extractSourceScript(pod: Pod): string {
  return `${applet(pod, 'mkdir')} -p -- "$1" && cd -- "$1" || exit 1
for path in * .[!.]* ..?*; do
  if [ -e "$path" ] || [ -L "$path" ]; then
    echo "agola: the working directory $1 is not empty (it has \\"$path\\"); a clone step needs an empty one" >&2
    exit 1
  fi
done
umask 0
exec ${applet(pod, 'tar')} -x -p -o -f -`
}

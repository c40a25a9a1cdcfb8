import type { Pod } from '../ports/pod-driver.ts'
import { shellQuote } from '../std/shell-quote.ts'

/** Shell text that runs a busybox applet of the pod, as `toolbox` finds it, with the arguments that follow. */
export function applet(pod: Pod, name: string): string {
  return pod.toolbox(name).map(shellQuote).join(' ')
}

/** Command line that runs `script` in the pod's own shell, which is there whatever the image holds; `parameters` are `$1` and on. */
export function toolboxScript(pod: Pod, script: string, parameters: readonly string[] = []): string[] {
  return [...pod.toolbox('sh'), '-c', script, 'agola', ...parameters]
}

/** Makes the working directory `$1` and prints three facts, each ended by NUL: that directory, absolute; the home of the user; `git` when
 *  the image has it. `appletText` is shell text that runs an applet: few are, because each is a process that the first step waits for. */
export function setUpScript(appletText: (name: string) => string): string {
  return `home=\${HOME-}
if [ -z "$home" ]; then
  uid=$(${appletText('id')} -u)
fi
if [ -z "$home" ] && [ -r /etc/passwd ]; then
  while IFS=: read -r name password id group gecos directory shell; do
    if [ "$id" = "$uid" ]; then home=$directory; break; fi
  done </etc/passwd
fi
dir=$1
case $dir in
'~' | '~/'*)
  if [ -z "$home" ]; then
    echo "the home directory is not known: HOME is not set and /etc/passwd has no user $uid" >&2
    exit 1
  fi
  dir=\${home%/}\${dir#'~'}
  dir=\${dir:-/} ;;
esac
if [ -n "$dir" ]; then
  ${appletText('mkdir')} -p -- "$dir" && cd -- "$dir" || exit 1
fi
git=
IFS=:
for place in $PATH; do
  if [ -x "$place/git" ]; then git=git; break; fi
done
printf '%s\\0' "$PWD" "$home" "$git"`
}

/** Writes the text of a step to a file, which only the step's user can read, and removes it in the end. Both outputs go one way, so that
 *  they keep their order. Parameters: working directory or '', name of the file, number of following parameters that together are the
 *  text, those, then the words of the shell. With number 0 the text comes on standard input, and the file stays for `runScript` with
 *  number −1. Its variables have names that no environment holds: one that the step has would reach the step changed. `prefix` is shell text
 *  before the words of the shell, as `carryVariables` makes it. */
export function runScript(pod: Pod, prefix = ''): string {
  const rm = applet(pod, 'rm')
  return `exec 2>&1
_agola_dir=$1 _agola_name=$2 _agola_parts=$3
shift 3
if [ -n "$_agola_dir" ] && ! cd -- "$_agola_dir" 2>/dev/null; then
  echo "agola: the working directory \\"$_agola_dir\\" does not exist in the container, or its user may not enter it" >&2
  exit 1
fi
find_file() {
  for _agola_tmp in "\${TMPDIR:-/tmp}" /tmp /dev/shm "\${HOME:-/}"; do
    _agola_file=$_agola_tmp/$_agola_name
    if [ "$_agola_parts" = -1 ]; then
      [ -f "$_agola_file" ] && return
      continue
    fi
    if ! [ -d "$_agola_tmp" ] && [ "$_agola_tmp" = /tmp ]; then ${applet(pod, 'mkdir')} -m 1777 /tmp; fi
    true >"$_agola_file" && return
  done
  return 1
}
_agola_mask=$(umask)
umask 077
set -C
if ! find_file 2>/dev/null; then
  echo "agola: no place for the script of the step: neither \\"\${TMPDIR:-/tmp}\\" nor /dev/shm nor the home directory can be written" >&2
  exit 1
fi
set +C
if [ "$_agola_parts" = 0 ]; then
  ${applet(pod, 'cat')} >"$_agola_file"
  exit
fi
while [ "$_agola_parts" -gt 0 ]; do
  printf %s "$1"
  shift
  _agola_parts=$((_agola_parts - 1))
done >>"$_agola_file"
umask "$_agola_mask"
_agola_command=$1
case $_agola_command in
*/*) ;;
*)
  IFS=:
  for _agola_place in $PATH; do
    if [ -x "$_agola_place/$_agola_command" ] && ! [ -d "$_agola_place/$_agola_command" ]; then _agola_command=$_agola_place/$_agola_command; break; fi
  done
  unset IFS ;;
esac
if ! [ -x "$_agola_command" ] || [ -d "$_agola_command" ]; then
  ${rm} -f -- "$_agola_file"
  echo "agola: the shell \\"$1\\" does not exist in this image; set \\"shell\\" to one that it has" >&2
  exit 127
fi
shift
trap : HUP INT QUIT TERM
${prefix}"$_agola_command" "$@" "$_agola_file"
_agola_code=$?
${rm} -f -- "$_agola_file"
exit "$_agola_code"`
}

/** Becomes the command `$3` and on, looked up as the step's own commands are, in the directory `$1`. With `$2` "shell" the toolbox has one
 *  to offer when the image does not. `prefix` as for `runScript`. */
export function commandScript(pod: Pod, prefix = ''): string {
  return `if [ -n "$1" ] && ! cd -- "$1" 2>/dev/null; then
  echo "agola: the working directory \\"$1\\" does not exist in the container, or its user may not enter it" >&2
  exit 1
fi
_agola_kind=$2 _agola_command=$3
case $_agola_command in
*/*) ;;
*)
  IFS=:
  for _agola_place in $PATH; do
    if [ -x "$_agola_place/$_agola_command" ] && ! [ -d "$_agola_place/$_agola_command" ]; then _agola_command=$_agola_place/$_agola_command; break; fi
  done
  unset IFS ;;
esac
if ! [ -x "$_agola_command" ] || [ -d "$_agola_command" ]; then
  if [ "$_agola_kind" = shell ]; then exec ${applet(pod, 'sh')}; fi
  echo "agola: the command \\"$3\\" does not exist in the container" >&2
  exit 127
fi
shift 3
exec ${prefix}"$_agola_command" "$@"`
}

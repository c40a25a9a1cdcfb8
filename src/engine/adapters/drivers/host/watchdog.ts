import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { podMarker } from './processes.ts'

/** A shell of its own session that outlives us. It waits for the end of its input, which is the end of this process however it dies,
 *  or for `$3` seconds when the pod is to be kept, or for the removal of the directory; then it kills what carries the marker `$1` and removes the directory `$2`. */
const script = `
trap '' INT TERM HUP QUIT
if [ "$3" = 0 ]; then
  while read -r line; do :; done
else
  left=$3
  while [ $left -gt 0 ] && [ -d "$2" ]; do sleep 1; left=$((left - 1)); done
fi
marked() {
  while read -r line || [ -n "$line" ]; do
    case $line in *"$2"*) return 0 ;; esac
  done 2>/dev/null <$1
  return 1
}
round=0
while [ $round -lt 100 ]; do
  found=
  if [ -d /proc/self ]; then
    for directory in /proc/[0-9]*; do
      marked $directory/environ "$1" && found="$found \${directory#/proc/}"
    done 2>/dev/null
  else
    found=$(ps -A -E -ww -o pid=,command= | while read -r pid line; do case $line in *"$1"*) echo $pid ;; esac; done)
  fi
  [ -n "$found" ] || break
  kill -9 $found 2>/dev/null
  round=$((round + 1))
  [ $round -gt 1 ] && sleep 0.05 2>/dev/null
done
chmod -R u+rwx "$2" 2>/dev/null
rm -rf "$2"
`

/** What ends the pod when nobody else can. */
export class Watchdog {
  readonly #child: ChildProcess
  /** Resolves when it is gone; then nothing guards the pod any more. */
  readonly ended: Promise<void>

  private constructor(child: ChildProcess) {
    this.#child = child
    this.ended = new Promise((resolve) => {
      child.on('exit', () => resolve())
    })
  }

  /** `keepSeconds` 0: the pod dies with this process. */
  static async start(podId: string, directory: string, keepSeconds: number, path: string): Promise<Watchdog> {
    const child = spawn('/bin/sh', ['-c', script, 'sh', `${podMarker}=${podId}`, directory, String(keepSeconds)], {
      cwd: '/',
      env: { PATH: path },
      detached: true,
      stdio: [keepSeconds === 0 ? 'pipe' : 'ignore', 'ignore', 'ignore'],
    })
    await once(child, 'spawn')
    child.stdin?.on('error', () => undefined)
    child.unref()
    ;(child.stdin as { unref?: () => void } | null)?.unref?.()
    return new Watchdog(child)
  }

  /** Without its clean-up, which the caller has done. */
  async dismiss(): Promise<void> {
    if (this.#child.exitCode !== null || this.#child.signalCode !== null) return
    this.#child.kill('SIGKILL')
    await this.ended
  }
}

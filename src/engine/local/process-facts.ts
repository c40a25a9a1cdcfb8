import { execFile } from 'node:child_process'
import { readFile } from 'node:fs/promises'
import { hostname } from 'node:os'
import { promisify } from 'node:util'

/** What tells one process from another that got the same pid later. */
export interface ProcessFacts {
  hostname: string
  /** Changes with every start of the machine; '' where the system does not tell. */
  bootId: string
  pid: number
  /** When the process began, in the system's own spelling. */
  startTime: string
}

/** Not one that got the same pid later, or on another machine. */
export function isSameProcess(a: ProcessFacts, b: ProcessFacts): boolean {
  return a.pid === b.pid && a.startTime === b.startTime && a.bootId === b.bootId && a.hostname === b.hostname
}

/** Facts about a process of this machine; null when there is none with this pid. */
export async function readProcessFacts(pid: number): Promise<ProcessFacts | null> {
  const startTime = process.platform === 'linux' ? await linuxStartTime(pid) : await psStartTime(pid)
  return startTime === null ? null : { hostname: hostname(), bootId: await readBootId(), pid, startTime }
}

/** Field 22 of `/proc/<pid>/stat`, in ticks since the boot. The name before it may hold blanks and brackets. */
async function linuxStartTime(pid: number): Promise<string | null> {
  const stat = await readFile(`/proc/${pid}/stat`, 'utf8').catch(() => null)
  if (stat === null) return null
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ')
  // A zombie has ended; only its parent has not noticed.
  return fields[0] === 'Z' ? null : (fields[19] ?? null)
}

async function psStartTime(pid: number): Promise<string | null> {
  const { stdout } = await promisify(execFile)('ps', ['-o', 'lstart=', '-p', String(pid)], {
    env: { PATH: '/usr/bin:/bin', LC_ALL: 'C' },
  }).catch(() => ({ stdout: '' }))
  return stdout.trim() === '' ? null : stdout.trim()
}

let bootId: Promise<string> | undefined

/** No process lives to see another one. */
function readBootId(): Promise<string> {
  bootId ??= readFile('/proc/sys/kernel/random/boot_id', 'utf8').then(
    (id) => id.trim(),
    () => '',
  )
  return bootId
}

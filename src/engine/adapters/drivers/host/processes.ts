import { execFile } from 'node:child_process'
import { readdir, readFile } from 'node:fs/promises'
import { promisify } from 'node:util'
import type { Clock } from '../../../ports/clock.ts'

export interface HostProcess {
  pid: number
  parentPid: number
  groupId: number
}

/** In the environment of all that runs in a pod, and of each command: processes are found by them wherever they went. */
export const podMarker = 'AGOLA_POD_ID'
export const execMarker = 'AGOLA_EXEC_ID'

/** The processes whose environment has `name=value`, and everything that they started and that is still their descendant. */
export async function findProcesses(name: string, value: string): Promise<HostProcess[]> {
  const all = await (process.platform === 'linux' ? listFromProc(`${name}=${value}`) : listFromPs(`${name}=${value}`))
  const found = new Set(all.filter(({ isMarked }) => isMarked).map(({ pid }) => pid))
  for (let grew = true; grew; ) {
    const children = all.filter(({ pid, parentPid }) => found.has(parentPid) && !found.has(pid))
    for (const { pid } of children) found.add(pid)
    grew = children.length > 0
  }
  return all.filter(({ pid }) => found.has(pid)).map(({ isMarked: _, ...rest }) => rest)
}

const endPauseMs = 20
const endAttemptsMax = 100

/** Kills until none is left, since a process may fork while its siblings are being killed. */
export async function endProcesses(name: string, value: string, clock: Clock): Promise<void> {
  for (let attempt = 0; attempt < endAttemptsMax; attempt++) {
    const found = await findProcesses(name, value)
    if (found.length === 0) return
    for (const { pid } of found) signalProcess(pid, 'SIGKILL')
    await clock.sleep(endPauseMs)
  }
}

/** A negative number is a process group. What has ended already, or belongs to somebody else, is let be. */
export function signalProcess(pid: number, signalName: NodeJS.Signals): void {
  try {
    process.kill(pid, signalName)
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException
    if (code !== 'ESRCH' && code !== 'EPERM') throw error
  }
}

type Listed = HostProcess & { isMarked: boolean }

async function listFromProc(marker: string): Promise<Listed[]> {
  const pids = (await readdir('/proc')).filter((name) => /^\d+$/.test(name))
  const listed = await Promise.all(pids.map((pid) => readProc(Number(pid), marker)))
  return listed.filter((entry) => entry !== null)
}

async function readProc(pid: number, marker: string): Promise<Listed | null> {
  const stat = await readFile(`/proc/${pid}/stat`, 'latin1').catch(() => '')
  // The name stands in parentheses and may hold anything.
  const [state, parentPid, groupId] = stat.slice(stat.lastIndexOf(')') + 2).split(' ')
  if (state === undefined || state === '' || state === 'Z') return null
  const environment = await readFile(`/proc/${pid}/environ`, 'latin1').catch(() => '')
  return {
    pid,
    parentPid: Number(parentPid),
    groupId: Number(groupId),
    isMarked: environment.split('\0').includes(marker),
  }
}

async function listFromPs(marker: string): Promise<Listed[]> {
  const { stdout } = await promisify(execFile)('ps', ['-A', '-E', '-ww', '-o', 'pid=,ppid=,pgid=,stat=,command='], {
    maxBuffer: 64 << 20,
  })
  return stdout.split('\n').flatMap((line) => {
    const match = /^\s*(\d+)\s+(\d+)\s+(\d+)\s+(\S+)\s(.*)$/.exec(line)
    if (match === null || match[4]?.startsWith('Z')) return []
    const isMarked = match[5]?.split(' ').includes(marker) ?? false
    return [{ pid: Number(match[1]), parentPid: Number(match[2]), groupId: Number(match[3]), isMarked }]
  })
}

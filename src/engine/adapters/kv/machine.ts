import { execFileSync } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { hostname } from 'node:os'

/** A clock that all processes of a machine share, and the name of the time span in which it counts. */
export interface Machine {
  readonly bootId: string
  /** Since some moment of this boot, the same for all processes. */
  monotonicMs(): number
}

let bootId: string | undefined

export const thisMachine: Machine = {
  get bootId() {
    bootId ??= readBootId()
    return bootId
  },
  monotonicMs: () => Number(process.hrtime.bigint() / 1000n) / 1000,
}

/** Where no boot id is known, the host's name stands in: deadlines too far ahead still tell that the clock has started anew. */
function readBootId(): string {
  try {
    if (process.platform === 'linux') return readFileSync('/proc/sys/kernel/random/boot_id', 'utf8').trim()
    if (process.platform === 'darwin')
      return execFileSync('sysctl', ['-n', 'kern.bootsessionuuid'], { encoding: 'utf8' }).trim()
    return hostname()
  } catch {
    return hostname()
  }
}

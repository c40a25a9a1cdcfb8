import { readFileSync } from 'node:fs'

/** Whether this process may read the keys of its terminal. One in the background is stopped by the system when it tries. */
export function isInForeground(): boolean {
  const stat = statOfSelf()
  if (stat === null) return true
  // The name of the program, in parentheses, may hold anything; the numbers stand behind it.
  const [, , , group, , , terminalGroup] = stat.slice(stat.lastIndexOf(')') + 1).split(' ')
  return group === terminalGroup
}

/** null: not a Linux. */
function statOfSelf(): string | null {
  try {
    return readFileSync('/proc/self/stat', 'utf8')
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return null
    throw error
  }
}

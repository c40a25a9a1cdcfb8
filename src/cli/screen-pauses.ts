import { AgolaError } from '../engine/model/errors.ts'
import type { Pauses } from '../engine/ports/pauses.ts'
import type { PauseCallbacks } from '../views/run-screen.tsx'
import { attachShell } from './attach-shell.ts'
import { syncText } from './paused-tasks.ts'

/** What keys of the screen do with paused tasks. */
export function screenPauses(find: () => Pauses | null): PauseCallbacks {
  const pauses = (): Pauses => {
    const found = find()
    if (found === null) throw new AgolaError('taskNotPaused', 'nothing runs yet')
    return found
  }
  return {
    decide: async (decision, run, taskId) => {
      const task = { run, taskId }
      if (decision === 'retry') return syncText(await pauses().retry(task, { sync: true })).trimEnd()
      await (decision === 'skip' ? pauses().skip(task) : pauses().continue(task))
      return ''
    },
    shell: async (run, taskId) => {
      process.stdout.write('a shell where the step failed; leave it to say how to go on\r\n')
      await attachShell(pauses(), { run, taskId }, [])
    },
  }
}

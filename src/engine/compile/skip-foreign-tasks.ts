import { foreignArch } from '../model/foreign-arch.ts'
import type { Arch } from '../model/run-config.ts'
import type { CompiledRun } from './compiled-run.ts'

/** Skips the tasks that want other processors than there are, as if their `when` did not match; gives their names and what they want. */
export function skipForeignTasks(
  run: CompiledRun,
  archs: readonly Arch[],
): { run: CompiledRun; skipped: { name: string; arch: Arch }[] } {
  const skipped: { name: string; arch: Arch }[] = []
  const tasks = Object.entries(run.tasks).map(([id, task]) => {
    const arch = foreignArch(task, archs)
    if (arch === null || task.skip) return [id, task]
    skipped.push({ name: task.name, arch })
    return [id, { ...task, skip: true }]
  })
  return { run: { ...run, tasks: Object.fromEntries(tasks) }, skipped }
}

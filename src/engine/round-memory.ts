import { definitionOf, type KnownTask, keepAffected } from './compile/affected-tasks.ts'
import type { CompiledRun } from './compile/compiled-run.ts'
import type { RunWithConfig } from './ports/run-service.ts'

/** What is known from earlier rounds of a watch, to leave out tasks that a change of the tree cannot reach. */
export class RoundMemory {
  readonly #known = new Map<string, Map<string, KnownTask>>()
  #compiled: readonly CompiledRun[] = []

  /** Runs with the tasks that have to run; those without one are left out. */
  readonly choose = (compiled: readonly CompiledRun[]): CompiledRun[] => {
    this.#compiled = compiled
    return compiled.flatMap((run) => keepAffected(run, this.#known.get(run.name) ?? new Map()) ?? [])
  }

  finished({ run, runConfig }: RunWithConfig): void {
    const compiled = this.#compiled.find(({ name }) => name === run.name)
    if (compiled === undefined) return
    const known = this.#known.get(run.name) ?? new Map<string, KnownTask>()
    this.#known.set(run.name, known)
    const names = new Set(Object.values(compiled.tasks).map(({ name }) => name))
    for (const name of known.keys()) if (!names.has(name)) known.delete(name)
    for (const task of Object.values(run.tasks)) {
      const name = runConfig.tasks[task.id]?.name
      const whole = Object.values(compiled.tasks).find((each) => each.name === name)
      if (whole === undefined) continue
      known.set(whole.name, { definition: definitionOf(compiled, whole), succeeded: task.status === 'success' })
    }
  }

  /** Everything runs next time. */
  forget(): void {
    this.#known.clear()
  }
}

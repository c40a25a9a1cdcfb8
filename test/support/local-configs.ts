/** Configs of local runs as tests write them. A task has one container; `run` steps can be plain commands. */
export interface TestTask {
  image?: string
  steps: (string | Record<string, unknown>)[]
  depends?: unknown[]
  [field: string]: unknown
}

/** The files of a repository whose config has one run. */
export function oneRun(tasks: Record<string, TestTask>, run: Record<string, unknown> = {}): Record<string, unknown> {
  return { '.agola/config.json': { runs: [{ name: 'ci', ...run, tasks: tasksOf(tasks) }] } }
}

export function tasksOf(tasks: Record<string, TestTask>): object[] {
  return Object.entries(tasks).map(([name, { image = 'none', steps, ...fields }]) => ({
    name,
    runtime: { containers: [{ image }] },
    steps: steps.map((step) => (typeof step === 'string' ? { run: step } : step)),
    ...fields,
  }))
}

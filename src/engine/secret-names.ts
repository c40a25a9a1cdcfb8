import type { RunConfig, Value } from './model/run-config.ts'

/** Names of the secret variables whose values a run needs. */
export function secretNamesOf({ tasks }: RunConfig): string[] {
  const names = new Set<string>()
  const add = (values: Record<string, Value>) => {
    for (const value of Object.values(values)) if (typeof value !== 'string') names.add(value.fromVariable)
  }
  for (const { environment, runtime, steps, dockerRegistriesAuth } of Object.values(tasks)) {
    add(environment)
    for (const container of runtime.containers) add(container.environment)
    for (const step of steps) if (step.type === 'run') add(step.environment)
    for (const { username, password, auth } of Object.values(dockerRegistriesAuth)) add({ username, password, auth })
  }
  return [...names].sort()
}

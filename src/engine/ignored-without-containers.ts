import type { RunConfigTask } from './model/run-config.ts'

const namesMax = 3

/** What the config wants of containers, and for which tasks, each of which plain processes cannot give. */
const parts: [what: string, isWanted: (task: RunConfigTask) => boolean][] = [
  ['images', () => true],
  ['services', ({ runtime }) => runtime.containers.length > 1],
  ['volumes', ({ runtime }) => runtime.containers.some(({ volumes }) => volumes.length > 0)],
  ['users', ({ user, runtime }) => user !== '' || runtime.containers.some((container) => container.user !== '')],
  ['entrypoints', ({ runtime }) => runtime.containers.some(({ entrypoint }) => entrypoint !== '')],
]

/** What of tasks is ignored where their steps are plain processes, in one line for a person; null when no task runs. */
export function ignoredWithoutContainers(tasks: readonly RunConfigTask[]): string | null {
  const running = tasks.filter(({ skip }) => !skip)
  const ignored = parts.flatMap(([what, isWanted]) => {
    const wanting = running.filter(isWanted)
    return wanting.length === 0 ? [] : [`${what} (${namesOf(wanting, running)})`]
  })
  return ignored.length === 0 ? null : `warning: without containers these are ignored: ${ignored.join(', ')}`
}

function namesOf(wanting: readonly RunConfigTask[], running: readonly RunConfigTask[]): string {
  if (wanting.length === running.length && running.length > 1) return 'all tasks'
  const names = [...new Set(wanting.map(({ name }) => name))]
  const more = names.length - namesMax
  return more > 0 ? `${names.slice(0, namesMax).join(', ')} and ${more} more` : names.join(', ')
}

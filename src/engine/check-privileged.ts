import { AgolaError } from './model/errors.ts'
import type { RunConfigTask } from './model/run-config.ts'
import type { PodDriverCapabilities } from './ports/pod-driver.ts'

/** Before a run is made: `privilegedNotAllowed` when one of its tasks wants a privileged container and cannot have it here. */
export function checkPrivileged(
  tasks: readonly RunConfigTask[],
  { privilegedContainers, images }: Pick<PodDriverCapabilities, 'privilegedContainers' | 'images'>,
): void {
  if (privilegedContainers) return
  const wanting = tasks.filter(({ skip, runtime }) => !skip && runtime.containers.some(({ privileged }) => privileged))
  const [first] = wanting
  if (first === undefined) return
  const image = first.runtime.containers.find(({ privileged }) => privileged)?.image ?? ''
  const more = wanting.length > 1 ? `, and so have ${wanting.length - 1} more tasks` : ''
  const way = images
    ? '--allow-privileged allows it'
    : 'plain processes are none: run it in containers, with --driver docker --allow-privileged'
  throw new AgolaError(
    'privilegedNotAllowed',
    `task ${JSON.stringify(first.name)} has a privileged container (${image})${more}; ${way}, or remove "privileged" from the config`,
  )
}

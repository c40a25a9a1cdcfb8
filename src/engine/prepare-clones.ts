import type { CloneStep, RunConfigTask } from './model/run-config.ts'
import type { CallOptions } from './ports/call-options.ts'
import { treeBytesWarnMin } from './snapshot/measure-tree.ts'
import type { Snapshot } from './snapshot/snapshot.ts'

type Cloned = Pick<Snapshot, 'openSource' | 'measure'>

/** Begins to prepare what clone steps copy, so that the first of them need not wait. What fails here is tried again by the step,
 *  which then tells why. */
export function prepareClones(snapshot: Cloned, tasks: readonly RunConfigTask[]): void {
  const prepared = new Set<string>()
  for (const { depth, recurseSubmodules } of tasks.flatMap(cloneSteps)) {
    const key = `${depth} ${recurseSubmodules}`
    if (prepared.has(key)) continue
    prepared.add(key)
    snapshot.openSource({ depth, recurseSubmodules }).catch(() => undefined)
  }
}

/** A warning when clone steps copy a large tree, with the directories that make it large; null when it is not. */
export async function largeTreeWarning(
  snapshot: Cloned,
  tasks: readonly RunConfigTask[],
  options: CallOptions = {},
): Promise<string | null> {
  if (!tasks.some((task) => cloneSteps(task).length > 0)) return null
  const { bytes, files, topDirectories } = await snapshot.measure(options)
  if (bytes < treeBytesWarnMin) return null
  const largest = topDirectories.map((directory) => `${directory.name || '.'} ${megabytes(directory.bytes)}`)
  return `the tree has ${megabytes(bytes)} in ${files} files, which every task that clones copies. The largest: ${largest.join(', ')}. What no task needs can go into .gitignore.`
}

function cloneSteps({ steps }: RunConfigTask): CloneStep[] {
  return steps.filter((step) => step.type === 'clone')
}

function megabytes(bytes: number): string {
  return `${Math.round(bytes / 1e6)} MB`
}

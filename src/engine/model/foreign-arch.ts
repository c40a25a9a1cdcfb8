import type { Arch, RunConfigTask } from './run-config.ts'

/** The processors that a task wants, when they are none of these; null: it can run. */
export function foreignArch(
  { runtime: { arch } }: Pick<RunConfigTask, 'runtime'>,
  archs: readonly Arch[],
): Arch | null {
  return arch === '' || archs.includes(arch) ? null : arch
}

import { access, constants } from 'node:fs/promises'
import { delimiter, join } from 'node:path'
import { staticBinaryArch } from '../static-binary.ts'

/** How the engine's own commands are run on this machine. */
export interface HostTools {
  /** '' : the system's programs of the same names. */
  busybox: string
  /** Path of util-linux's `script`, which gives a command a terminal; '' : there are no terminals. */
  script: string
}

export async function findHostTools(busyboxPaths: readonly string[], path: string): Promise<HostTools> {
  let busybox = ''
  for (const candidate of busyboxPaths) {
    if (busybox === '' && (await staticBinaryArch(candidate)) !== null) busybox = candidate
  }
  const script = process.platform === 'linux' ? await findProgram('script', path) : ''
  return { busybox, script }
}

async function findProgram(name: string, path: string): Promise<string> {
  for (const folder of path.split(delimiter).filter((folder) => folder !== '')) {
    const file = join(folder, name)
    const isThere = await access(file, constants.X_OK).then(
      () => true,
      () => false,
    )
    if (isThere) return file
  }
  return ''
}

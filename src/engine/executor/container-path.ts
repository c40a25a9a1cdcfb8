import { posix } from 'node:path'
import { AgolaError } from '../model/errors.ts'

/** `~` and `~/x` become the home; every other text stays as it is (spec/executor.md 22). */
export function expandHome(path: string, home: string): string {
  if (!path.startsWith('~')) return path
  if (path !== '~' && !path.startsWith('~/')) {
    throw new AgolaError('configInvalid', `"${path}": homes of other users (~name) are not supported; write the path`)
  }
  if (home === '') {
    throw new AgolaError(
      'configInvalid',
      `"${path}": the home directory is not known: HOME is not set and /etc/passwd has no entry for the user`,
    )
  }
  return posix.normalize(home + path.slice(1))
}

/** `path` as seen from `directory`; '' is the directory itself. Without a directory a relative path stays relative. */
export function resolveIn(directory: string, path: string): string {
  if (path === '') return directory
  return path.startsWith('/') || directory === '' ? path : posix.join(directory, path)
}

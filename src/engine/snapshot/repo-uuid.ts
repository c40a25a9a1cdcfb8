import { createHash } from 'node:crypto'
import type { CallOptions } from '../ports/call-options.ts'
import type { Random } from '../ports/random.ts'
import type { Git } from './git.ts'
import type { Repository } from './repository.ts'

const configKey = 'agola.repouuid'

export interface RepoUuidOptions extends CallOptions {
  onNotice?: ((text: string) => void) | undefined
}

/** The id under which caches and run numbers of a repository are kept. A missing one is made and stored in the repository's
 *  own config, the only thing we ever write there. A repository that cannot be written gets an id from the path of its
 *  common directory, the same one each time (spec/local-runs.md 4). */
export async function ensureRepoUuid(
  git: Git,
  repository: Repository,
  random: Random,
  options: RepoUuidOptions = {},
): Promise<string> {
  const known = repository.localConfig.get(configKey)
  if (known) return known
  const context = { cwd: repository.topDirectory, signal: options.signal }
  const written = await git.try(['config', '--local', configKey, random.uuid()], context)
  // Another process may have written its own meanwhile: what the file says now is the id for both.
  const stored = (await git.try(['config', '--local', '--get', configKey], context)).stdout.toString().trim()
  if (stored !== '') return stored
  options.onNotice?.(
    `The id of this repository cannot be stored in its git config (${written.stderr.trim()}): caches are found by its path.`,
  )
  return uuidOfPath(repository.commonDirectory)
}

const urlNamespace = Buffer.from('6ba7b8119dad11d180b400c04fd430c8', 'hex')

/** A uuid, version 5, of the file url of an absolute path. */
export function uuidOfPath(path: string): string {
  const bytes = createHash('sha1').update(urlNamespace).update(`file://${path}`).digest().subarray(0, 16)
  bytes.writeUInt8((bytes.readUInt8(6) & 0x0f) | 0x50, 6)
  bytes.writeUInt8((bytes.readUInt8(8) & 0x3f) | 0x80, 8)
  return bytes.toString('hex').replace(/^(.{8})(.{4})(.{4})(.{4})(.{12})$/, '$1-$2-$3-$4-$5')
}

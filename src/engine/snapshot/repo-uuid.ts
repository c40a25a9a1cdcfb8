import { createHash } from 'node:crypto'
import type { CallOptions } from '../ports/call-options.ts'
import type { Random } from '../ports/random.ts'
import type { Git } from './git.ts'
import type { Repository } from './repository.ts'

const configKey = 'agola.repouuid'
/** Each takes some milliseconds, as does whoever is in the way. */
const addsMax = 50

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
  const refusal = await addUuid(git, random.uuid(), context)
  // Other processes may have added theirs meanwhile: lines are only ever added at the end, so the first one is the id for all.
  const stored = (await git.try(['config', '--local', '--get-all', configKey], context)).stdout.toString().trim()
  const [first = '', ...others] = stored.split('\n')
  if (others.length > 0) await git.try(['config', '--local', '--replace-all', configKey, first], context)
  if (first !== '') return first
  options.onNotice?.(
    `The id of this repository cannot be stored in its git config (${refusal}): caches are found by its path.`,
  )
  return uuidOfPath(repository.commonDirectory)
}

/** Waits for processes that write the file at the same time. Why it could not be written; '' when it was. */
async function addUuid(git: Git, uuid: string, context: { cwd: string } & CallOptions): Promise<string> {
  for (let attempt = 1; ; attempt++) {
    const { exitCode, stderr } = await git.try(['config', '--local', '--add', configKey, uuid], context)
    if (exitCode === 0) return ''
    if (attempt === addsMax || !isLocked(stderr)) return stderr.trim()
  }
}

function isLocked(complaint: string): boolean {
  return complaint.includes('File exists')
}

const urlNamespace = Buffer.from('6ba7b8119dad11d180b400c04fd430c8', 'hex')

/** A uuid, version 5, of the file url of an absolute path. */
export function uuidOfPath(path: string): string {
  const bytes = createHash('sha1').update(urlNamespace).update(`file://${path}`).digest().subarray(0, 16)
  bytes.writeUInt8((bytes.readUInt8(6) & 0x0f) | 0x50, 6)
  bytes.writeUInt8((bytes.readUInt8(8) & 0x3f) | 0x80, 8)
  return bytes.toString('hex').replace(/^(.{8})(.{4})(.{4})(.{4})(.{12})$/, '$1-$2-$3-$4-$5')
}

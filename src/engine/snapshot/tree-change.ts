import { mkdir, rm } from 'node:fs/promises'
import { join } from 'node:path'
import type { CallOptions } from '../ports/call-options.ts'
import type { Random } from '../ports/random.ts'
import type { TreeChange } from '../ports/source-provider.ts'
import type { Git } from './git.ts'
import type { SnapshotFacts } from './snapshot-facts.ts'
import { type SnapshotStore, storeAt } from './snapshot-store.ts'
import { type Contents, loadContents } from './source/contents.ts'
import { entryKey, type ListedEntry } from './source/list-tree.ts'
import { readRange, type TarEntry } from './source/tar-entry.ts'
import { tarStream } from './source/tar-stream.ts'
import { gitOfSnapshot } from './take-snapshot.ts'
import { createTemporaryDirectory } from './temporary-directory.ts'

export interface TreeChangeRequest {
  from: Pick<SnapshotFacts, 'workTree'>
  to: Pick<SnapshotFacts, 'workTree' | 'topDirectory' | 'plainGitDirectory'>
  stateDirectory: string
  environment: Readonly<Record<string, string | undefined>>
  random: Random
  /** Of the files, so that tools which go by time see that they are new. */
  mtimeMs: number
  onNotice: (text: string) => void
}

type Side = 'old' | 'new'
interface Difference {
  old: ListedEntry | null
  new: ListedEntry | null
}

const submoduleMode = '160000'

/** What makes the checkout of one snapshot that of a later one of the same repository, as git would check it out. Submodules stay as they
 *  are. The caller closes it. `gitFailed`. */
export async function openTreeChange(request: TreeChangeRequest, options: CallOptions = {}): Promise<TreeChange> {
  const { from, to, stateDirectory, environment, random } = request
  const git = gitOfSnapshot(to, environment)
  const store = storeAt(stateDirectory, to.workTree.storeId)
  const older = storeAt(stateDirectory, from.workTree.storeId)
  const env = { GIT_OBJECT_DIRECTORY: store.objects, GIT_ALTERNATE_OBJECT_DIRECTORIES: older.objects }
  const args = ['diff-tree', '-r', '-z', '--raw', '--no-renames', '--no-abbrev', from.workTree.treeSha]
  const output = await git.run([...args, to.workTree.treeSha], { cwd: to.topDirectory, env, signal: options.signal })
  const differences = parseDifferences(output.toString('latin1'))
  const temporary = await createTemporaryDirectory(store, random.uuid())
  try {
    const written = differences.flatMap((difference) => (difference.new === null ? [] : [difference.new]))
    const contents = await contentsOf(git, request, { store, temporary, written }, options)
    const entries = await entriesOf(written, contents)
    return {
      added: differences.filter(({ old }) => old === null).length,
      changed: differences.filter((difference) => difference.old !== null && difference.new !== null).length,
      deleted: differences.filter((difference) => difference.new === null).length,
      replacedPaths: differences.map(pathOf),
      emptiedDirectories: emptiedDirectories(differences),
      stream: () => tarStream(entries, Math.floor(request.mtimeMs / 1000)),
      close: async () => {
        await contents?.close()
        await rm(temporary, { recursive: true, force: true })
      },
    }
  } catch (error) {
    await rm(temporary, { recursive: true, force: true })
    throw error
  }
}

/** `:<old mode> <new mode> <old id> <new id> <letter>`, then the path, each ended by NUL. */
function parseDifferences(text: string): Difference[] {
  const fields = text.split('\0')
  const differences: Difference[] = []
  for (let index = 0; index + 1 < fields.length; index += 2) {
    const path = fields[index + 1] ?? ''
    const [oldMode = '', newMode = '', oldId = '', newId = ''] = (fields[index] ?? '').slice(1).split(' ')
    const side = (mode: string, id: string) =>
      mode === '000000' || mode === submoduleMode ? null : { mode, id, path, key: entryKey(id, path) }
    const difference = { old: side(oldMode, oldId), new: side(newMode, newId) }
    if (difference.old !== null || difference.new !== null) differences.push(difference)
  }
  return differences
}

async function contentsOf(
  git: Git,
  request: TreeChangeRequest,
  { store, temporary, written }: { store: SnapshotStore; temporary: string; written: ListedEntry[] },
  { signal }: CallOptions,
): Promise<Contents | null> {
  if (written.length === 0) return null
  const { workTree, topDirectory } = request.to
  const index = join(temporary, 'index')
  const env = { GIT_OBJECT_DIRECTORY: store.objects, GIT_INDEX_FILE: index }
  await git.run(['read-tree', workTree.treeSha], { cwd: topDirectory, env, signal })
  const checkOut = join(temporary, 'checkout')
  await mkdir(checkOut)
  return await loadContents(
    git,
    { cwd: topDirectory, objects: store.objects },
    {
      ...{ entries: written, directory: temporary, fingerprint: 'change', index, temporary: checkOut, signal },
      newName: () => request.random.uuid(),
      onNotice: request.onNotice,
    },
  )
}

async function entriesOf(written: readonly ListedEntry[], contents: Contents | null): Promise<TarEntry[]> {
  const entries: TarEntry[] = []
  for (const entry of written) {
    const content = contents?.ranges.get(entry.key)
    if (content === undefined) continue
    const { path, mode } = entry
    if (mode !== '120000') entries.push({ kind: 'file', path, mode: mode === '100755' ? 0o755 : 0o644, content })
    else entries.push({ kind: 'link', path, target: (await readRange(content)).toString('latin1') })
  }
  return entries
}

function emptiedDirectories(differences: readonly Difference[]): string[] {
  const parentsOn = (side: Side) =>
    new Set(differences.filter((difference) => difference[side] !== null).flatMap((each) => parentsOf(pathOf(each))))
  const needed = parentsOn('new')
  const directories = [...parentsOn('old')].filter((path) => !needed.has(path))
  return directories.sort((a, b) => b.split('/').length - a.split('/').length || (a < b ? -1 : 1))
}

function parentsOf(path: string): string[] {
  const parts = path.split('/')
  return parts.slice(1).map((_, index) => parts.slice(0, index + 1).join('/'))
}

function pathOf(difference: Difference): string {
  return (difference.new ?? difference.old)?.path ?? ''
}

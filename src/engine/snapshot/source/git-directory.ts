import { open } from 'node:fs/promises'
import { join } from 'node:path'
import type { RefFacts } from '../ref-facts.ts'
import type { History } from './history.ts'
import type { FileRange, TarEntry } from './tar-entry.ts'

export interface GitDirectoryFacts {
  commitSha: string
  /** null: of a submodule, which has none of its own. */
  ref: RefFacts | null
  remoteUrl: string | null
  /** Settings that decide how files were checked out, so that git in the task agrees. */
  config: ReadonlyMap<string, string>
  index: FileRange
  history: History
}

const directories = ['', '/info', '/objects', '/objects/info', '/objects/pack', '/refs', '/refs/heads', '/refs/tags']

/** The `.git` of a clone at a detached HEAD, complete in itself. `path` ends in `.git`. The opened files are added to `files`. */
export async function gitDirectoryEntries(
  path: string,
  facts: GitDirectoryFacts,
  files: Closable[],
): Promise<TarEntry[]> {
  const text = (name: string, content: string): TarEntry => {
    return { kind: 'file', path: `${path}/${name}`, mode: 0o644, content: Buffer.from(content, 'latin1') }
  }
  const entries: TarEntry[] = [
    ...directories.map((name): TarEntry => ({ kind: 'directory', path: `${path}${name}` })),
    text('HEAD', `${facts.commitSha}\n`),
    text('config', configText(facts)),
    text('packed-refs', packedRefs(facts)),
    { kind: 'file', path: `${path}/index`, mode: 0o644, content: facts.index },
  ]
  if (facts.history.shallow.length > 0) entries.push(text('shallow', `${facts.history.shallow.join('\n')}\n`))
  for (const pack of facts.history.packs) {
    for (const ending of ['pack', 'idx']) {
      const content = await openWhole(join(facts.history.packDirectory, `${pack}.${ending}`), files)
      entries.push({ kind: 'file', path: `${path}/objects/pack/${pack}.${ending}`, mode: 0o444, content })
    }
  }
  return entries
}

export interface Closable {
  close(): Promise<void>
}

export async function openWhole(path: string, files: Closable[]): Promise<FileRange> {
  const file = await open(path)
  files.push(file)
  return { file, offset: 0, size: (await file.stat()).size }
}

function configText(facts: GitDirectoryFacts): string {
  const isSha256 = facts.commitSha.length === 64
  const lines = ['[core]', `\trepositoryformatversion = ${isSha256 ? 1 : 0}`, '\tfilemode = true', '\tbare = false']
  lines.push('\tlogallrefupdates = true')
  for (const name of ['autocrlf', 'eol']) {
    const value = facts.config.get(`core.${name}`)
    if (value !== undefined && /^\w+$/.test(value)) lines.push(`\t${name} = ${value}`)
  }
  if (isSha256) lines.push('[extensions]', '\tobjectformat = sha256')
  if (facts.remoteUrl !== null) {
    const url = facts.remoteUrl.replace(/[\\"]/g, '\\$&').replaceAll('\n', '\\n')
    lines.push('[remote "origin"]', `\turl = "${url}"`, '\tfetch = +refs/heads/*:refs/remotes/origin/*')
  }
  return `${lines.map((line) => Buffer.from(line).toString('latin1')).join('\n')}\n`
}

/** Sorted by name, each annotated tag followed by the commit that it names. */
function packedRefs({ commitSha, ref, history }: GitDirectoryFacts): string {
  const refs = new Map(history.tags)
  const set = (name: string) => {
    const bytes = Buffer.from(name).toString('latin1')
    refs.set(bytes, [`${commitSha} ${bytes}`])
  }
  if (ref?.type === 'branch') set(`refs/remotes/origin/${ref.branch}`)
  if (ref?.type === 'tag') set(ref.ref)
  const sorted = [...refs].sort(([a], [b]) => (a < b ? -1 : 1))
  return ['# pack-refs with: peeled fully-peeled sorted ', ...sorted.flatMap(([, lines]) => lines), ''].join('\n')
}

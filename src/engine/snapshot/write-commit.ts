import { createHash } from 'node:crypto'
import { rename, writeFile } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import type { TimeMs } from '../model/ids.ts'
import { makeDirectory } from '../std/make-directory.ts'

export interface CommitFacts {
  /** Part of the name of a file that exists for a moment; no two calls may share it. */
  uniqueName: string
  tree: string
  parent: string | null
  message: string
  time: TimeMs
}

const identity = 'agola <agola@localhost>'

/** Writes a commit as a loose object, which spares a process and needs no git identity, and returns its id.
 *  The length of the tree's id tells which hash the repository uses. */
export async function writeCommit(objects: string, facts: CommitFacts): Promise<string> {
  const object = commitObject(facts)
  const id = createHash(facts.tree.length === 64 ? 'sha256' : 'sha1')
    .update(object)
    .digest('hex')
  const path = join(objects, id.slice(0, 2), id.slice(2))
  const temporary = join(objects, `tmp_obj_${facts.uniqueName}`)
  await makeDirectory(dirname(path))
  // Not loaded with this file: a tree without changes needs no commit.
  const { deflateSync } = process.getBuiltinModule('node:zlib')
  await writeFile(temporary, deflateSync(object), { mode: 0o444 })
  await rename(temporary, path)
  return id
}

function commitObject(facts: CommitFacts): Buffer {
  const when = `${Math.floor(facts.time / 1000)} +0000`
  const lines = [
    `tree ${facts.tree}`,
    ...(facts.parent === null ? [] : [`parent ${facts.parent}`]),
    `author ${identity} ${when}`,
    `committer ${identity} ${when}`,
    '',
    `${facts.message}\n`,
  ]
  const body = Buffer.from(lines.join('\n'))
  return Buffer.concat([Buffer.from(`commit ${body.length}\0`), body])
}

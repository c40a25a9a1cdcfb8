import { readFile, rename, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { makeDirectory } from '../std/make-directory.ts'

/** What is remembered about a repository beside its runs (spec/local-runs.md 3). */
export interface RepositoryRecord {
  /** Work trees that runs were started from, newest first. */
  workTrees: string[]
  remoteUrl: string | null
}

const workTreesMax = 20

/** Notes where a repository was seen. A damaged note is replaced: nothing depends on it but listings for people. */
export async function recordRepository(
  stateDirectory: string,
  repository: { repoUuid: string; workTree: string; remoteUrl: string | null },
): Promise<void> {
  const known = await readRepositoryRecord(stateDirectory, repository.repoUuid)
  const others = (known?.workTrees ?? []).filter((path) => path !== repository.workTree)
  if (known?.workTrees[0] === repository.workTree && known.remoteUrl === repository.remoteUrl) return
  const workTrees = [repository.workTree, ...others].slice(0, workTreesMax)
  const record: RepositoryRecord = { workTrees, remoteUrl: repository.remoteUrl }
  const path = recordPath(stateDirectory, repository.repoUuid)
  await makeDirectory(join(path, '..'), { mode: 0o700 })
  await writeFile(`${path}.${process.pid}`, `${JSON.stringify(record)}\n`, { mode: 0o600 })
  await rename(`${path}.${process.pid}`, path)
}

export async function readRepositoryRecord(stateDirectory: string, repoUuid: string): Promise<RepositoryRecord | null> {
  const text = await readFile(recordPath(stateDirectory, repoUuid), 'utf8').catch(() => '')
  try {
    const value: unknown = JSON.parse(text)
    const fields = typeof value === 'object' && value !== null ? { ...value } : {}
    const workTrees = 'workTrees' in fields && Array.isArray(fields.workTrees) ? fields.workTrees : []
    const remoteUrl = 'remoteUrl' in fields && typeof fields.remoteUrl === 'string' ? fields.remoteUrl : null
    return { workTrees: workTrees.filter((path) => typeof path === 'string'), remoteUrl }
  } catch (error) {
    if (error instanceof SyntaxError) return null
    throw error
  }
}

function recordPath(stateDirectory: string, repoUuid: string): string {
  return join(stateDirectory, 'repos', repoUuid, 'repo.json')
}

import type { TimeMs } from '../model/ids.ts'
import type { WorkTree } from './capture-work-tree.ts'
import type { RefFacts } from './ref-facts.ts'

/** All that is known about a snapshot; plain data that survives JSON. */
export interface SnapshotFacts {
  /** Names the snapshot while its store is kept: `openSnapshot` takes it. */
  id: string
  /** '' where there is no git repository. */
  commitSha: string
  treeSha: string
  ref: RefFacts
  repoUuid: string
  topDirectory: string
  /** Of `origin`, without credentials; null without one. */
  remoteUrl: string | null
  /** `remoteUrl`, or the file url of the work tree (spec/local-runs.md 6). */
  repositoryUrl: string
  /** Stands in for the git directory of a plain directory; null of a repository. */
  plainGitDirectory: string | null
  /** The tree differs from the commit that is checked out. */
  dirty: boolean
  createdAt: TimeMs
  workTree: WorkTree
}

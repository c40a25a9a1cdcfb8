import { chmodSync, readdirSync, readFileSync, rmSync, symlinkSync } from 'node:fs'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { GitFixture } from './git-fixture.ts'

let git: GitFixture
beforeEach(() => {
  git = new GitFixture()
})
afterEach(() => git.remove())

interface State {
  /** Brings the repository `r`, which has `a.txt`, `b.txt`, `sub/c.txt` and ignores `*.log`, into the state. */
  make: (git: GitFixture) => void
  /** How the snapshot's files differ; null: the file is not there. */
  changes?: Record<string, string | null>
  /** Where it is taken, below the root. */
  from?: string
  request?: { ignored: boolean }
}

const clean = { '.gitignore': '*.log\n', 'a.txt': 'a\n', 'b.txt': 'b\n', 'sub/c.txt': 'c\n' }

const states: Record<string, State> = {
  clean: { make: () => undefined },
  staged: {
    make: (git) => {
      git.write('r/a.txt', 'staged\n')
      git.write('r/new.txt', 'new\n')
      git.git('r', 'add', '.')
    },
    changes: { 'a.txt': 'staged\n', 'new.txt': 'new\n' },
  },
  unstaged: { make: (git) => git.write('r/a.txt', 'unstaged\n'), changes: { 'a.txt': 'unstaged\n' } },
  deleted: {
    make: (git) => {
      rmSync(join(git.root, 'r/a.txt'))
      git.git('r', 'rm', '--quiet', 'b.txt')
    },
    changes: { 'a.txt': null, 'b.txt': null },
  },
  renamed: { make: (git) => git.git('r', 'mv', 'a.txt', 'z.txt'), changes: { 'a.txt': null, 'z.txt': 'a\n' } },
  'exec bit': {
    make: (git) => chmodSync(join(git.root, 'r/a.txt'), 0o755),
    changes: { 'a.txt': null, 'a.txt *': 'a\n' },
  },
  untracked: { make: (git) => git.write('r/new.txt', 'new\n'), changes: { 'new.txt': 'new\n' } },
  ignored: { make: (git) => git.write('r/x.log', 'log\n') },
  'ignored, and wanted': {
    make: (git) => git.write('r/x.log', 'log\n'),
    changes: { 'x.log': 'log\n' },
    request: { ignored: true },
  },
  'nested repository': { make: (git) => void git.repository('r/nested'), changes: { 'nested/': '' } },
  submodule: {
    make: (git) => {
      git.repository('lib')
      git.git('r', 'submodule', '--quiet', 'add', join(git.root, 'lib'), 'lib')
      git.git('r', 'commit', '--quiet', '-m', 'lib')
      git.write('r/lib/a.txt', 'changed\n')
    },
    changes: { 'lib/': '', '.gitmodules': expect.stringContaining('submodule "lib"') },
  },
  symlink: { make: (git) => symlinkSync('a.txt', join(git.root, 'r/link')), changes: { 'link -> a.txt': '' } },
  detached: { make: (git) => git.git('r', 'checkout', '--quiet', '--detach') },
  unborn: { make: (git) => git.git('r', 'switch', '--quiet', '--orphan', 'other'), changes: allGone() },
  'sub directory': {
    make: (git) => git.write('r/new.txt', 'new\n'),
    changes: { 'new.txt': 'new\n' },
    from: 'r/sub',
  },
  'linked work tree': {
    make: (git) => {
      git.git('r', 'worktree', 'add', '--quiet', '-b', 'other', join(git.root, 'linked'))
      git.write('linked/new.txt', 'new\n')
    },
    changes: { 'new.txt': 'new\n' },
    from: 'linked',
  },
}

function allGone(): Record<string, null> {
  return Object.fromEntries(Object.keys(clean).map((name) => [name, null]))
}

/** What nobody may change. The id of the repository is the one thing that a snapshot adds to its config. */
function facts(git: GitFixture) {
  const lines = (...args: string[]) => git.git('r', ...args).split('\n')
  return {
    status: git.git('r', 'status', '--porcelain', '--ignored'),
    refs: lines('for-each-ref'),
    head: readFileSync(join(git.root, 'r/.git/HEAD'), 'utf8'),
    objects: lines('count-objects', '-v'),
    config: lines('config', '--local', '--list').filter((line) => !line.startsWith('agola.repouuid=')),
    files: readdirSync(join(git.root, 'r/.git'), { recursive: true }).sort(),
  }
}

describe('a snapshot of a repository that is, or has something,', () => {
  test.each(Object.entries(states))('%s: is the work tree, and changes nothing', async (_, state) => {
    git.repository('r', clean)
    state.make(git)
    const before = facts(git)
    const snapshot = await git.take(state.from ?? 'r', state.request)
    const files = await git.files(snapshot)
    const checkout = await git.checkOut(snapshot, { depth: 0, recurseSubmodules: false })
    const expected = Object.entries({ ...clean, ...state.changes }).filter(([, content]) => content !== null)
    expect(files).toEqual(Object.fromEntries(expected.filter(([name]) => !name.endsWith('/'))))
    expect(git.git(checkout, 'status', '--porcelain')).toBe('')
    expect(facts(git)).toEqual(before)
  })
})

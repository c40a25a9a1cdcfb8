import { execFileSync } from 'node:child_process'
import { randomBytes, randomUUID } from 'node:crypto'
import {
  chmodSync,
  existsSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  unlinkSync,
  utimesSync,
} from 'node:fs'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import type { SnapshotProgress } from '../../../src/engine/snapshot/take-snapshot.ts'
import { GitFixture } from './git-fixture.ts'

let git: GitFixture
beforeEach(() => {
  git = new GitFixture()
})
afterEach(async () => await git.remove())

describe('what is in a snapshot', () => {
  test('a clean tree is the commit itself', async () => {
    git.repository('r')
    const snapshot = await git.take('r')
    expect(snapshot).toMatchObject({ commitSha: git.git('r', 'rev-parse', 'HEAD'), dirty: false })
    expect(await git.files(snapshot)).toEqual({ 'a.txt': 'a\n' })
  })

  test('staged, unstaged, deleted, renamed, untracked, programs and links are as they lie in the work tree', async () => {
    git.repository('r', {
      'a.txt': 'a\n',
      'gone.txt': 'g\n',
      'old.txt': 'moved\n',
      'tool.sh': '#!/bin/sh\n',
      'staged.txt': '0\n',
    })
    git.write('r/a.txt', 'changed\n')
    git.git('r', 'rm', '--quiet', 'gone.txt')
    git.git('r', 'mv', 'old.txt', 'new.txt')
    chmodSync(join(git.root, 'r/tool.sh'), 0o755)
    git.write('r/staged.txt', '1\n')
    git.git('r', 'add', 'staged.txt')
    git.write('r/staged.txt', '2\n')
    git.write('r/sub/untracked ünï\n.txt', 'u\n')
    symlinkSync('../a.txt', join(git.root, 'r/sub/link'))
    symlinkSync('/etc/hostname', join(git.root, 'r/outside'))
    const snapshot = await git.take('r')
    expect(await git.files(snapshot)).toEqual({
      'a.txt': 'changed\n',
      'new.txt': 'moved\n',
      'tool.sh *': '#!/bin/sh\n',
      'staged.txt': '2\n',
      'sub/untracked ünï\n.txt': 'u\n',
      'sub/link -> ../a.txt': '',
      'outside -> /etc/hostname': '',
    })
    expect(snapshot.dirty).toBe(true)
  })

  test('untracked files can be left out and ignored ones taken in', async () => {
    git.repository('r', { 'a.txt': 'a\n', '.gitignore': '*.log\n' })
    git.write('r/new.txt', 'n\n')
    git.write('r/x.log', 'l\n')
    const names = async (request: object) => Object.keys(await git.files(await git.take('r', request))).sort()
    expect(await names({})).toEqual(['.gitignore', 'a.txt', 'new.txt'])
    expect(await names({ untracked: false })).toEqual(['.gitignore', 'a.txt'])
    expect(await names({ ignored: true })).toEqual(['.gitignore', 'a.txt', 'new.txt', 'x.log'])
    expect(await names({})).toEqual(['.gitignore', 'a.txt', 'new.txt'])
  })

  test.each([
    ['ignored', '.cache/', '.cache/state'],
    ['ignored itself', '/build/state', 'build/state'],
    ['not ignored', '', '.cache/state'],
    ['named with two dots first', '', '..own/state'],
    ['named like a pattern', '', 'we*ird [x]/st\\ate'],
    ['named like a pattern and ignored', 'we*', 'we*ird [x]/st\\ate'],
  ])('our own directory in the work tree is no part of it: %s', async (_, ignore, place) => {
    git.repository('r', { 'a.txt': 'a\n', '.gitignore': `${ignore}\n` })
    const stateDirectory = join(git.root, 'r', place)
    git.write(`r/${place}/logs/1.txt`, 'ours\n')
    git.write(`r/${place}X`, 'theirs\n')
    const names = async (request: object) =>
      Object.keys(await git.files(await git.take('r', { ...request, stateDirectory }))).sort()
    const both = ['.gitignore', 'a.txt']
    const isBesideIgnored = ignore.startsWith('/') || ignore === ''
    expect(await names({})).toEqual(isBesideIgnored ? [...both, `${place}X`].sort() : both)
    expect(await names({})).toEqual(isBesideIgnored ? [...both, `${place}X`].sort() : both)
    expect(await names({ untracked: false })).toEqual(both)
    expect(await names({ ignored: true })).toEqual([...both, `${place}X`].sort())
  })

  test('from a sub-directory the whole work tree is taken', async () => {
    git.repository('r', { 'a.txt': 'a\n', 'sub/b.txt': 'b\n' })
    git.write('r/new.txt', 'n\n')
    const snapshot = await git.take('r/sub')
    expect(snapshot.topDirectory).toBe(join(git.root, 'r'))
    expect(Object.keys(await git.files(snapshot)).sort()).toEqual(['a.txt', 'new.txt', 'sub/b.txt'])
  })

  test('a change in the same second and of the same size is seen', async () => {
    git.repository('r', { 'a.txt': 'aaaa\n' })
    for (const content of ['bbbb\n', 'cccc\n', 'dddd\n', 'aaaa\n']) {
      git.write('r/a.txt', content)
      expect(await git.files(await git.take('r'))).toEqual({ 'a.txt': content })
    }
  })

  test('a change made in the instant in which the index was written is seen', async () => {
    git.repository('r', {})
    git.git('r', 'config', 'core.trustctime', 'false')
    git.git('r', 'config', 'core.checkStat', 'minimal')
    const age = (path: string) => utimesSync(join(git.root, 'r', path), 1_600_000_000, 1_600_000_000)
    git.write('r/a.txt', 'aaaa\n')
    age('a.txt')
    git.git('r', 'add', 'a.txt')
    git.git('r', 'commit', '--quiet', '-m', 'first')
    git.write('r/a.txt', 'bbbb\n')
    for (const path of ['a.txt', '.git/index']) age(path)
    expect(await git.files(await git.take('r'))).toEqual({ 'a.txt': 'bbbb\n' })
  })

  test('a second snapshot follows what changed in the index too', async () => {
    git.repository('r', { 'a.txt': 'a\n', 'b.txt': 'b\n' })
    await git.take('r')
    git.write('r/.gitignore', 'b.txt\nforced.txt\n')
    git.git('r', 'rm', '--quiet', '--cached', 'b.txt')
    git.write('r/forced.txt', 'f\n')
    git.git('r', 'add', '-f', 'forced.txt')
    expect(Object.keys(await git.files(await git.take('r'))).sort()).toEqual(['.gitignore', 'a.txt', 'forced.txt'])
  })

  test('nothing that happens later changes it', async () => {
    git.repository('r')
    git.write('r/new.txt', 'before\n')
    const snapshot = await git.take('r')
    git.write('r/new.txt', 'after\n')
    git.write('r/a.txt', 'after\n')
    expect(await git.files(snapshot)).toEqual({ 'a.txt': 'a\n', 'new.txt': 'before\n' })
    expect((await snapshot.readFile('new.txt'))?.toString()).toBe('before\n')
  })

  test('files that a sparse checkout leaves out are there as in a clone', async () => {
    git.repository('r', { 'a.txt': 'a\n', 'in/b.txt': 'b\n', 'out/c.txt': 'c\n' })
    git.git('r', 'sparse-checkout', 'set', 'in')
    expect(existsSync(join(git.root, 'r/out'))).toBe(false)
    const snapshot = await git.take('r')
    expect(snapshot.dirty).toBe(false)
    expect(Object.keys(await git.files(snapshot)).sort()).toEqual(['a.txt', 'in/b.txt', 'out/c.txt'])
    const checkout = await git.checkOut(snapshot)
    expect(git.git(checkout, 'status', '--porcelain')).toBe('')
  })

  test('a merge in progress is taken as it lies there', async () => {
    git.repository('r')
    git.git('r', 'checkout', '--quiet', '-b', 'other')
    git.write('r/a.txt', 'theirs\n')
    git.git('r', 'commit', '--quiet', '-am', 'theirs')
    git.git('r', 'checkout', '--quiet', 'main')
    git.write('r/a.txt', 'ours\n')
    git.git('r', 'commit', '--quiet', '-am', 'ours')
    expect(() => git.git('r', 'merge', 'other')).toThrow()
    expect((await git.files(await git.take('r')))['a.txt']).toContain('<<<<<<< HEAD')
  })

  test('our own state inside the work tree is never a part of it', async () => {
    git.repository('r')
    const stateDirectory = join(git.root, 'r', '.local', 'state')
    for (const ignored of [false, true, true]) {
      const snapshot = await git.take('r', { stateDirectory, ignored })
      expect(await git.files(snapshot)).toEqual({ 'a.txt': 'a\n' })
    }
  })

  test('line endings are as a clone would have them', async () => {
    git.repository('r', { '.gitattributes': '*.bat eol=crlf\n', 'run.bat': 'echo\r\n', 'a.txt': 'a\n' })
    git.write('r/new.bat', 'new\r\n')
    const snapshot = await git.take('r')
    const checkout = await git.checkOut(snapshot)
    expect(readFileSync(join(git.root, checkout, 'run.bat'), 'utf8')).toBe('echo\r\n')
    expect(readFileSync(join(git.root, checkout, 'new.bat'), 'utf8')).toBe('new\r\n')
    expect(git.git(checkout, 'cat-file', '-p', 'HEAD:new.bat')).toBe('new')
    expect(git.git(checkout, 'status', '--porcelain')).toBe('')
    git.write('r/.gitattributes', '*.bat -text\n')
    git.write('r/run.bat', 'echo\n')
    expect((await git.files(await git.take('r')))['run.bat']).toBe('echo\n')
  })

  test('a filter of the repository cleans on the way in and smudges on the way out', async () => {
    git.repository('r', { '.gitattributes': '*.up filter=up\n' })
    git.git('r', 'config', 'filter.up.clean', 'tr A-Z a-z')
    git.git('r', 'config', 'filter.up.smudge', 'tr a-z A-Z')
    git.write('r/x.up', 'LOUD\n')
    const snapshot = await git.take('r')
    expect((await snapshot.readFile('x.up'))?.toString()).toBe('loud\n')
    expect((await git.files(snapshot))['x.up']).toBe('LOUD\n')
  })
})

describe('nested repositories', () => {
  test('one without a commit is left out and told', async () => {
    git.repository('r')
    git.repository('r/nested/empty', {})
    git.write('r/nested/empty/x', 'x')
    const told: SnapshotProgress[] = []
    const snapshot = await git.take('r', {}, (progress) => told.push(progress))
    expect(Object.keys(await git.files(snapshot))).toEqual(['a.txt'])
    expect(told).toContainEqual({
      type: 'notice',
      text: 'nested/empty is a git repository without a commit: it is not part of the snapshot.',
    })
  })

  test('one with a commit is an empty directory, as after a clone', async () => {
    git.repository('r')
    git.repository('r/nested')
    const checkout = await git.checkOut(await git.take('r'))
    expect(readdirSync(join(git.root, checkout, 'nested'))).toEqual([])
  })

  test('submodules are empty unless asked for, and then as they lie in the work tree', async () => {
    git.repository('inner', { 'i.txt': 'i\n' })
    git.repository('lib', { 'l.txt': 'l\n' })
    git.git('lib', 'submodule', '--quiet', 'add', join(git.root, 'inner'), 'inner')
    git.git('lib', 'commit', '--quiet', '-m', 'inner')
    git.repository('r')
    git.git('r', 'submodule', '--quiet', 'add', join(git.root, 'lib'), 'vendor/lib')
    git.git('r', 'submodule', '--quiet', 'update', '--init', '--recursive')
    git.git('r', 'commit', '--quiet', '-m', 'lib')
    git.write('r/vendor/lib/l.txt', 'changed\n')
    git.write('r/vendor/lib/inner/new.txt', 'new\n')
    const snapshot = await git.take('r')
    const plain = await git.checkOut(snapshot, { depth: 0, recurseSubmodules: false })
    expect(readdirSync(join(git.root, plain, 'vendor/lib'))).toEqual([])
    const checkout = await git.checkOut(snapshot)
    expect(readFileSync(join(git.root, checkout, 'vendor/lib/l.txt'), 'utf8')).toBe('changed\n')
    expect(readFileSync(join(git.root, checkout, 'vendor/lib/inner/new.txt'), 'utf8')).toBe('new\n')
    for (const place of ['', '/vendor/lib', '/vendor/lib/inner']) {
      expect(git.git(`${checkout}${place}`, 'status', '--porcelain')).toBe('')
    }
    expect(git.git('r', 'status', '--porcelain')).toContain('vendor/lib')
  })

  test('a clean submodule keeps its commit, so that the whole tree is clean', async () => {
    git.repository('lib', { 'l.txt': 'l\n' })
    git.repository('r')
    git.git('r', 'submodule', '--quiet', 'add', join(git.root, 'lib'), 'lib')
    git.git('r', 'commit', '--quiet', '-m', 'lib')
    const snapshot = await git.take('r')
    expect(snapshot.dirty).toBe(false)
    expect(snapshot.workTree.submodules).toMatchObject([
      { path: 'lib', commitSha: git.git('lib', 'rev-parse', 'HEAD') },
    ])
  })

  test('a submodule that was never initialised is an empty directory', async () => {
    git.repository('lib', { 'l.txt': 'l\n' })
    git.repository('r')
    git.git('r', 'submodule', '--quiet', 'add', join(git.root, 'lib'), 'lib')
    git.git('r', 'commit', '--quiet', '-m', 'lib')
    git.git('.', 'clone', '--quiet', 'r', 'fresh')
    const checkout = await git.checkOut(await git.take('fresh'))
    expect(readdirSync(join(git.root, checkout, 'lib'))).toEqual([])
  })
})

describe('the checkout', () => {
  test('has a working git directory at a detached HEAD, complete without the original', async () => {
    git.repository('r')
    git.git('r', 'tag', '-a', 'v1', '-m', 'one')
    git.git('r', 'tag', 'light')
    git.git('r', 'checkout', '--quiet', '-b', 'feature/x')
    git.git('r', 'remote', 'add', 'origin', 'https://ann:token@git.example.com/ann/r.git')
    git.write('r/a.txt', 'changed\n')
    const snapshot = await git.take('r')
    const checkout = await git.checkOut(snapshot)
    rmSync(join(git.root, 'r'), { recursive: true })
    expect(git.git(checkout, 'status', '--porcelain', '--branch')).toBe('## HEAD (no branch)')
    expect(git.git(checkout, 'rev-parse', 'HEAD', 'refs/remotes/origin/feature/x')).toBe(
      `${snapshot.commitSha}\n${snapshot.commitSha}`,
    )
    expect(git.git(checkout, 'describe')).toMatch(/^v1-1-g/)
    expect(git.git(checkout, 'tag')).toBe('light\nv1')
    expect(git.git(checkout, 'log', '--format=%s|%an')).toBe('agola direct run|agola\nfirst|Ann')
    expect(git.git(checkout, 'remote', 'get-url', 'origin')).toBe('https://git.example.com/ann/r.git')
    expect(readFileSync(join(git.root, checkout, '.git/config'), 'utf8')).not.toContain('token')
    expect(() => git.git(checkout, 'fsck', '--full', '--strict')).not.toThrow()
    expect(existsSync(join(git.root, checkout, '.git/objects/info/alternates'))).toBe(false)
    git.write(`${checkout}/a.txt`, 'again\n')
    git.git(checkout, 'commit', '--quiet', '-am', 'a step may commit')
  })

  test('a depth cuts the history as git clone does', async () => {
    git.repository('r')
    for (const name of ['second', 'third', 'fourth']) {
      git.write('r/a.txt', `${name}\n`)
      git.git('r', 'commit', '--quiet', '-am', name)
      git.git('r', 'tag', name)
    }
    const snapshot = await git.take('r')
    const log = async (depth: number) => {
      const checkout = await git.checkOut(snapshot, { depth, recurseSubmodules: false })
      git.git(checkout, 'fsck', '--full')
      return [
        git.git(checkout, 'log', '--format=%s').split('\n').join(' '),
        git.git(checkout, 'tag').split('\n').join(' '),
      ]
    }
    expect(await log(1)).toEqual(['fourth', 'fourth'])
    const newest = await git.checkOut(snapshot, { depth: 1, recurseSubmodules: false })
    expect(git.git(newest, 'cat-file', '--batch-all-objects', '--batch-check').split('\n')).toHaveLength(3)
    expect(await log(2)).toEqual(['fourth third', 'fourth third'])
    expect(await log(4)).toEqual(['fourth third second first', 'fourth second third'])
    expect(await log(0)).toEqual(['fourth third second first', 'fourth second third'])
  })

  test('a depth through merges is complete', async () => {
    git.repository('r')
    for (let round = 0; round < 4; round += 1) {
      git.git('r', 'checkout', '--quiet', '-b', `b${round}`)
      git.write(`r/b${round}.txt`, 'x\n')
      git.git('r', 'add', '.')
      git.git('r', 'commit', '--quiet', '-m', `b${round}`)
      git.git('r', 'checkout', '--quiet', 'main')
      git.write('r/a.txt', `${round}\n`)
      git.git('r', 'commit', '--quiet', '-am', `m${round}`)
      git.git('r', 'merge', '--quiet', '-m', `merge${round}`, `b${round}`)
    }
    git.write('r/a.txt', 'dirty\n')
    const snapshot = await git.take('r')
    for (const depth of [1, 2, 3, 5, 50]) {
      const checkout = await git.checkOut(snapshot, { depth, recurseSubmodules: false })
      git.git(checkout, 'fsck', '--full')
      git.git('.', 'clone', '--quiet', `--depth=${depth}`, `file://${git.root}/${checkout}`, `clone${depth}`)
      expect(git.git(checkout, 'rev-list', '--count', 'HEAD')).toBe(
        git.git(`clone${depth}`, 'rev-list', '--count', 'HEAD'),
      )
    }
  })

  test('one of a shallow clone is shallow', async () => {
    git.repository('origin')
    git.write('origin/a.txt', 'second\n')
    git.git('origin', 'commit', '--quiet', '-am', 'second')
    git.git('.', 'clone', '--quiet', '--depth=1', `file://${git.root}/origin`, 'r')
    git.write('r/a.txt', 'changed\n')
    const checkout = await git.checkOut(await git.take('r'))
    expect(git.git(checkout, 'log', '--format=%s')).toBe('agola direct run\nsecond')
    git.git(checkout, 'fsck', '--full')
  })

  test('one after another, each is complete and exact, whatever the earlier ones left', async () => {
    git.repository('r', { 'a.txt': 'a\n', 'b.txt': 'b\n' })
    const steps: (() => void)[] = [
      () => git.write('r/a.txt', 'one\n'),
      () => git.write('r/b.txt', 'two\n'),
      () => git.write('r/a.txt', 'a\n'),
      () => git.git('r', 'commit', '--quiet', '-am', 'second'),
      () => git.git('r', 'tag', '-a', 'v2', '-m', 'two'),
      () => git.write('r/c.txt', 'c\n'),
      () => git.git('r', 'reset', '--quiet', '--hard', 'HEAD~1'),
      () => unlinkSync(join(git.root, 'r/b.txt')),
    ]
    for (const step of steps) {
      step()
      const snapshot = await git.take('r')
      for (const depth of [0, 1]) {
        const checkout = await git.checkOut(snapshot, { depth, recurseSubmodules: false })
        expect(git.git(checkout, 'status', '--porcelain')).toBe('')
        expect(git.git(checkout, 'rev-parse', 'HEAD^{tree}')).toBe(snapshot.treeSha)
        git.git(checkout, 'fsck', '--full')
      }
    }
    expect(git.git('r', 'status', '--porcelain')).toBe('D b.txt\n?? c.txt')
  })

  test('a second snapshot writes only what changed', async () => {
    git.repository('r', { 'big.txt': 'x'.repeat(3_000_000), 'small.txt': 's\n' })
    const used = () =>
      Number(execFileSync('du', ['-s', '-B1', git.stateDirectory], { encoding: 'utf8' }).split('\t')[0])
    await git.checkOut(await git.take('r'))
    const before = used()
    git.write('r/small.txt', 'changed\n')
    await git.checkOut(await git.take('r'))
    expect(used() - before).toBeLessThan(200_000)
  })

  test('however many come one after another, what is large is written once', async () => {
    git.repository('r', { 'small.txt': '0\n' })
    git.write('r/big.bin', randomBytes(3_000_000))
    git.git('r', 'add', '.')
    git.git('r', 'commit', '--quiet', '-m', 'big')
    const largeFiles = () =>
      execFileSync('find', [git.stateDirectory, '-size', '+1M', '-printf', '%i\n'], { encoding: 'utf8' })
    const inodes = new Set<string>()
    for (let round = 1; round <= 70; round++) {
      git.write('r/small.txt', `${round}\n`)
      if (round % 15 === 0) git.git('r', 'commit', '--quiet', '-am', `round ${round}`)
      const snapshot = await git.take('r')
      if (round % 23 !== 0) await snapshot.openSource({ depth: 0, recurseSubmodules: false })
      else {
        const checkout = await git.checkOut(snapshot)
        git.git(checkout, 'fsck', '--full')
        expect(git.git(checkout, 'status', '--porcelain')).toBe('')
        expect(git.git(checkout, 'rev-list', '--count', 'HEAD')).toBe(String(3 + Math.floor(round / 15)))
      }
      await snapshot.close()
      for (const inode of largeFiles().trim().split('\n')) inodes.add(inode)
    }
    // The contents and the pack.
    expect(inodes.size).toBe(2)
  }, 120_000)

  test('one after a shallow clone was deepened has the whole history', async () => {
    git.repository('origin')
    for (const message of ['second', 'third']) git.git('origin', 'commit', '--quiet', '--allow-empty', '-m', message)
    git.git('.', 'clone', '--quiet', '--depth=1', `file://${git.root}/origin`, 'r')
    git.write('r/a.txt', 'changed\n')
    await git.checkOut(await git.take('r'))
    git.git('r', 'fetch', '--quiet', '--unshallow')
    git.write('r/a.txt', 'again\n')
    const checkout = await git.checkOut(await git.take('r'))
    expect(git.git(checkout, 'log', '--format=%s')).toBe('agola direct run\nthird\nsecond\nfirst')
    git.git(checkout, 'fsck', '--full')
  })

  test('parallel clone steps share one preparation and get the same bytes', async () => {
    git.repository('r')
    git.write('r/new.txt', 'n\n')
    const snapshot = await git.take('r')
    const request = { depth: 1, recurseSubmodules: false }
    const sources = await Promise.all(Array.from({ length: 5 }, () => snapshot.openSource(request)))
    const tars = await Promise.all(
      sources.map(async (source) => {
        const chunks: Buffer[] = []
        for await (const chunk of source.stream()) chunks.push(chunk)
        return Buffer.concat(chunks).toString('base64')
      }),
    )
    expect(new Set(tars).size).toBe(1)
  })

  test('two processes in one repository do not disturb each other', async () => {
    git.repository('r', Object.fromEntries(Array.from({ length: 50 }, (_, index) => [`f${index}`, `${index}\n`])))
    git.write('r/f1', 'changed\n')
    const snapshots = await Promise.all(Array.from({ length: 4 }, () => git.take('r')))
    expect(new Set(snapshots.map((snapshot) => snapshot.treeSha)).size).toBe(1)
    const checkouts = await Promise.all(snapshots.map((snapshot) => git.checkOut(snapshot)))
    for (const checkout of checkouts) expect(git.git(checkout, 'status', '--porcelain')).toBe('')
  })

  test('names of 300 bytes, of no known encoding, and large files survive', async () => {
    git.repository('r')
    const long = `${'d'.repeat(150)}/${'f'.repeat(150)}`
    git.write(`r/${long}`, 'long\n')
    git.write('r/large.bin', Buffer.alloc(1_000_003, 7))
    symlinkSync('t'.repeat(200), join(git.root, 'r/link'))
    execFileSync('sh', ['-c', 'printf x > "$(printf \'bad-\\377-name\')"'], { cwd: join(git.root, 'r') })
    const checkout = await git.checkOut(await git.take('r'))
    expect(git.git(checkout, 'status', '--porcelain')).toBe('')
    expect(readFileSync(join(git.root, checkout, long), 'utf8')).toBe('long\n')
  })

  test('a repository that hashes with SHA-256 works too', async () => {
    git.git('.', 'init', '--quiet', '--object-format=sha256', '--initial-branch=main', 'r')
    git.write('r/a.txt', 'a\n')
    const first = await git.take('r')
    expect(first.commitSha).toHaveLength(64)
    const checkout = await git.checkOut(first)
    git.git(checkout, 'fsck', '--full')
    expect(git.git(checkout, 'status', '--porcelain')).toBe('')
  })
})

describe('where HEAD is', () => {
  test('an unborn branch gives a commit without a parent', async () => {
    git.repository('r', {})
    git.write('r/a.txt', 'a\n')
    const snapshot = await git.take('r')
    expect(snapshot).toMatchObject({ dirty: true, ref: { type: 'branch', branch: 'main', ref: 'refs/heads/main' } })
    const checkout = await git.checkOut(snapshot)
    expect(git.git(checkout, 'log', '--format=%s')).toBe('agola direct run')
  })

  test('a detached HEAD runs as the branch "detached"', async () => {
    git.repository('r')
    git.git('r', 'checkout', '--quiet', '--detach')
    expect((await git.take('r')).ref).toMatchObject({ type: 'branch', branch: 'detached' })
    expect((await git.take('r', { ref: { branch: 'main' } })).ref).toMatchObject({ branch: 'main' })
  })

  test('a linked work tree has its own files and shares the id of the repository', async () => {
    git.repository('r')
    git.git('r', 'worktree', 'add', '--quiet', '-b', 'other', join(git.root, 'linked'))
    git.write('linked/new.txt', 'n\n')
    const [main, linked] = [await git.take('r'), await git.take('linked')]
    expect(linked.repoUuid).toBe(main.repoUuid)
    expect(linked.ref.branch).toBe('other')
    expect(await git.files(linked)).toEqual({ 'a.txt': 'a\n', 'new.txt': 'n\n' })
    expect(await git.files(main)).toEqual({ 'a.txt': 'a\n' })
    expect(git.git(await git.checkOut(linked), 'status', '--porcelain')).toBe('')
  })
})

describe('the repository stays as it was', () => {
  test('refs, status, objects, the index file and its times do not change; only the id is added to the config', async () => {
    git.repository('r', { 'a.txt': 'a\n', 'b.txt': 'b\n' })
    git.write('r/a.txt', 'changed\n')
    git.write('r/new.txt', 'n\n')
    const state = () => {
      const index = statSync(join(git.root, 'r/.git/index'), { bigint: true })
      return {
        refs: git.git('r', 'for-each-ref'),
        objects: git.git('r', 'count-objects', '-v'),
        files: readdirSync(join(git.root, 'r/.git'), { recursive: true }).sort(),
        index: [
          readFileSync(join(git.root, 'r/.git/index')).toString('base64'),
          index.mtimeNs,
          index.ctimeNs,
          index.ino,
        ],
      }
    }
    const before = state()
    const config = readFileSync(join(git.root, 'r/.git/config'), 'utf8')
    const first = await git.take('r')
    await git.checkOut(first)
    const second = await git.take('r', { ignored: true })
    await git.checkOut(second)
    expect(state()).toEqual(before)
    expect(readFileSync(join(git.root, 'r/.git/config'), 'utf8')).toBe(
      `${config}[agola]\n\trepouuid = ${first.repoUuid}\n`,
    )
    expect(second.repoUuid).toBe(first.repoUuid)
    expect(git.git('r', 'status', '--porcelain')).toBe('M a.txt\n?? new.txt')
  })

  test('nothing private is left behind', async () => {
    git.repository('r')
    git.write('r/a.txt', 'changed\n')
    await git.checkOut(await git.take('r'))
    const left = readdirSync(git.stateDirectory, { recursive: true, encoding: 'utf8' })
    expect(left.filter((path) => /\/tmp\/./.test(path))).toEqual([])
  })

  test('a config that git cannot lock gives an id from the path, the same one each time', async () => {
    git.repository('r')
    git.write('r/.git/config.lock', '')
    const told: SnapshotProgress[] = []
    const first = await git.take('r', {}, (progress) => told.push(progress))
    expect(first.repoUuid).toMatch(/^[0-9a-f]{8}-[0-9a-f]{4}-5[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/)
    expect((await git.take('r')).repoUuid).toBe(first.repoUuid)
    expect(told).toContainEqual({ type: 'notice', text: expect.stringContaining('could not lock config file') })
  })
})

describe('hostile surroundings', () => {
  test('no hook and no monitor of the repository runs', async () => {
    git.repository('r')
    const marker = join(git.root, 'ran')
    git.write('hooks/all', `#!/bin/sh\ntouch ${marker}\n`, 0o755)
    for (const hook of ['post-index-change', 'pre-commit', 'post-checkout', 'reference-transaction']) {
      git.write(`hooks/${hook}`, `#!/bin/sh\ntouch ${marker}\n`, 0o755)
    }
    git.git('r', 'config', 'core.hooksPath', join(git.root, 'hooks'))
    git.git('r', 'config', 'core.fsmonitor', join(git.root, 'hooks/all'))
    git.git('r', 'config', 'core.untrackedCache', 'true')
    git.git('r', 'config', 'core.splitIndex', 'true')
    git.git('r', '-c', 'core.hooksPath=/dev/null', '-c', 'core.fsmonitor=false', 'update-index', '--split-index')
    git.write('r/a.txt', 'changed\n')
    const snapshot = await git.take('r')
    expect(await git.files(snapshot)).toEqual({ 'a.txt': 'changed\n' })
    expect(existsSync(marker)).toBe(false)
  })

  test('variables that a git hook sets do not lead to another repository', async () => {
    git.repository('r')
    git.repository('other', { 'other.txt': 'o\n' })
    const environment = {
      ...git.environment,
      GIT_DIR: join(git.root, 'other/.git'),
      GIT_WORK_TREE: join(git.root, 'other'),
      GIT_INDEX_FILE: join(git.root, 'other/.git/index'),
      GIT_OBJECT_DIRECTORY: join(git.root, 'other/.git/objects'),
      GIT_NAMESPACE: 'x',
      GIT_LITERAL_PATHSPECS: '1',
    }
    expect(await git.files(await git.take('r', { environment }))).toEqual({ 'a.txt': 'a\n' })
  })

  test('settings that change what git prints or packs do no harm', async () => {
    git.repository('r')
    for (const [key, value] of [
      ['color.ui', 'always'],
      ['core.quotePath', 'true'],
      ['pack.packSizeLimit', '1m'],
      ['pack.indexVersion', '1'],
      ['index.version', '4'],
      ['index.sparse', 'true'],
      ['core.compression', '0'],
      ['status.showUntrackedFiles', 'no'],
      ['core.pager', 'false'],
      ['core.editor', 'false'],
      ['commit.gpgSign', 'true'],
      ['core.commitGraph', 'false'],
    ]) {
      git.git('r', 'config', String(key), String(value))
    }
    git.write('r/ü.txt', 'ü\n')
    const snapshot = await git.take('r')
    expect(await git.files(snapshot)).toEqual({ 'a.txt': 'a\n', 'ü.txt': 'ü\n' })
    git.git(await git.checkOut(snapshot), 'fsck', '--full')
  })

  /** A snapshot borrows the object of a file that was once staged from the repository, which then throws it away. */
  async function pruneBorrowed(): Promise<void> {
    git.repository('r', {})
    git.write('r/a.txt', 'a\n')
    git.write('r/new.txt', 'once staged\n')
    // Files as old as the index would be read again in any case.
    for (const name of ['a.txt', 'new.txt']) utimesSync(join(git.root, 'r', name), 1_600_000_000, 1_600_000_000)
    git.git('r', 'add', '.')
    git.git('r', 'rm', '--quiet', '--cached', 'new.txt')
    git.git('r', 'commit', '--quiet', '-m', 'first')
    await git.take('r')
    git.git('r', 'prune', '--expire=now')
  }
  const whole = { 'a.txt': 'a\n', 'new.txt': 'once staged\n' }

  test('pruned objects that the next snapshot misses are made again at once', async () => {
    await pruneBorrowed()
    git.write('r/another.txt', 'x\n')
    expect(await git.files(await git.take('r'))).toEqual({ ...whole, 'another.txt': 'x\n' })
  })

  test('pruned objects that only the checkout misses are told once and made again', async () => {
    await pruneBorrowed()
    await expect(git.files(await git.take('r'))).rejects.toMatchObject({
      code: 'snapshotFailed',
      message: expect.stringContaining('Start again'),
    })
    expect(await git.files(await git.take('r'))).toEqual(whole)
  })
})

describe('errors', () => {
  test('a directory without a repository says what to do', async () => {
    git.write('plain/x', '')
    await expect(git.take('plain')).rejects.toMatchObject({
      code: 'notAGitRepository',
      message: expect.stringMatching(/plain is not inside a git repository.*git init/),
    })
    await expect(git.take('missing')).rejects.toMatchObject({ code: 'notAGitRepository' })
  })

  test('a bare repository and the git directory itself are refused', async () => {
    git.git('.', 'init', '--quiet', '--bare', 'bare')
    git.repository('r')
    for (const directory of ['bare', 'r/.git']) {
      await expect(git.take(directory)).rejects.toMatchObject({ code: 'notAGitRepository', message: /work tree/ })
    }
  })

  test('a machine without git, or with one that is too old, says so', async () => {
    git.repository('r')
    const withGit = (directory: string) => ({ environment: { ...git.environment, PATH: join(git.root, directory) } })
    await expect(git.take('r', withGit('nothing'))).rejects.toMatchObject({ code: 'gitFailed', message: /Install git/ })
    git.write('old/git', '#!/bin/sh\necho git version 1.8.3.1\n', 0o755)
    await expect(git.take('r', withGit('old'))).rejects.toMatchObject({
      code: 'gitFailed',
      message: expect.stringMatching(/2\.26 or newer is needed.*1\.8\.3\.1/),
    })
  })

  test('a damaged repository gives git’s own words', async () => {
    git.repository('r')
    git.write('r/.git/index', 'damaged')
    await expect(git.take('r')).rejects.toMatchObject({ code: 'snapshotFailed', message: /index/ })
  })

  test('an aborted call ends with the reason and leaves nothing private behind', async () => {
    git.repository('r')
    const reason = new Error('enough')
    const controller = new AbortController()
    const { takeSnapshot } = await import('../../../src/engine/snapshot/take-snapshot.ts')
    const taking = takeSnapshot(
      {
        directory: join(git.root, 'r'),
        untracked: true,
        ignored: false,
        ref: {},
        stateDirectory: git.stateDirectory,
        environment: git.environment,
        now: 1,
        random: { uuid: randomUUID, fraction: () => 0 },
      },
      { signal: controller.signal },
    )
    controller.abort(reason)
    await expect(taking).rejects.toBe(reason)
  })

  test('a run without a snapshot cannot clone', async () => {
    const { SnapshotSources } = await import('../../../src/engine/snapshot/snapshot-sources.ts')
    const sources = new SnapshotSources()
    git.repository('r')
    const snapshot = await git.take('r')
    const request = { runId: 'run', depth: 1, recurseSubmodules: false }
    await expect(sources.openSource(request)).rejects.toMatchObject({ code: 'snapshotFailed' })
    sources.register('run', snapshot)
    expect((await sources.openSource(request)).commitSha).toBe(snapshot.commitSha)
  })
})

describe('opening a snapshot again', () => {
  test('gives the same tree after the work tree has moved on', async () => {
    git.repository('r')
    git.write('r/new.txt', 'n\n')
    const first = await git.take('r')
    git.write('r/new.txt', 'later\n')
    git.git('r', 'add', '.')
    git.git('r', 'commit', '--quiet', '-m', 'later')
    await git.checkOut(await git.take('r'))
    const again = await git.reopen(first.id)
    expect(again).toMatchObject({ commitSha: first.commitSha, ref: first.ref, repoUuid: first.repoUuid, dirty: true })
    expect(await git.files(again)).toEqual({ 'a.txt': 'a\n', 'new.txt': 'n\n' })
    expect(git.git(await git.checkOut(again), 'rev-parse', 'HEAD')).toBe(first.commitSha)
  })

  test('one that is no longer kept, or an id that is none, is told', async () => {
    for (const id of [`${'0'.repeat(16)}/g1/${'0'.repeat(40)}`, '../../etc/passwd', '']) {
      await expect(git.reopen(id)).rejects.toMatchObject({ code: 'snapshotFailed' })
    }
  })
})

describe('reading files', () => {
  test('links inside the tree are followed, others and directories are no files', async () => {
    git.repository('r', { 'dir/config.yml': 'c\n' })
    symlinkSync('dir', join(git.root, 'r/link'))
    symlinkSync('dir/config.yml', join(git.root, 'r/file-link'))
    symlinkSync('/etc/hostname', join(git.root, 'r/outside'))
    symlinkSync('loop', join(git.root, 'r/loop'))
    const snapshot = await git.take('r')
    const read = async (path: string) => (await snapshot.readFile(path))?.toString() ?? null
    expect(await Promise.all(['dir/config.yml', './link/config.yml', 'file-link'].map(read))).toEqual([
      'c\n',
      'c\n',
      'c\n',
    ])
    const none = ['dir', 'missing', 'outside', 'loop', '../r/a.txt', '/etc/hostname', 'dir/config.yml/x', 'a\nb', '']
    expect(await Promise.all(none.map(read))).toEqual(none.map(() => null))
    expect(await snapshot.readLink('file-link')).toBe('dir/config.yml')
    expect(await snapshot.readLink('dir/config.yml')).toBeNull()
    expect(await snapshot.listFiles('dir')).toEqual(['config.yml'])
    expect((await snapshot.listFiles('.')).sort()).toEqual(['dir', 'file-link', 'link', 'loop', 'outside'])
    expect(await snapshot.listFiles('none')).toEqual([])
  })

  test('the size of a tree names its largest directories', async () => {
    git.repository('r', { 'a.txt': 'a\n', 'big/x': 'x'.repeat(1000), 'big/y': 'y'.repeat(500), 'small/z': 'z' })
    expect(await (await git.take('r')).measure()).toEqual({
      files: 4,
      bytes: 1503,
      topDirectories: [
        { name: 'big', bytes: 1500 },
        { name: '', bytes: 2 },
        { name: 'small', bytes: 1 },
      ],
    })
  })
})

import { expect, test } from 'vitest'
import type { IndexedEntry } from '../../../../src/engine/executor/archive/archive-index.ts'
import { checkEntries } from '../../../../src/engine/executor/archive/check-entries.ts'
import type { TarType } from '../../../../src/engine/executor/archive/tar-header.ts'

type Given = [name: string, type?: TarType, linkName?: string]

function entries(given: Given[]): IndexedEntry[] {
  return given.map(([name, type = 'file', linkName = '']) => ({
    ...{ name, type, linkName, sizeBytes: 0, mode: 0o644, mtime: 0, isPlain: true, start: 0, contentStart: 512 },
  }))
}

test.each<[why: string, given: Given[]]>([
  ['its name is absolute', [['/etc/passwd']]],
  ['its name is absolute', [['//x']]],
  ['its name has ".."', [['../x']]],
  ['its name has ".."', [['a/../../x']]],
  ['its name has ".."', [['a/..']]],
  ['it has no name', [['']]],
  ['it has no name', [['.']]],
  ['its name has a zero byte', [['a\0b']]],
  ['its name is too long', [[`${'a/'.repeat(2100)}x`]]],
  ['a part of its name is too long', [[`a/${'b'.repeat(256)}`]]],
  ['a part of its name is too long', [[`${'ü'.repeat(128)}`]]],
  ['it is a hard link', [['a'], ['b', 'hardlink', 'a']]],
  ['it is a device', [['sda', 'device']]],
  ['it is a fifo', [['pipe', 'fifo']]],
  ['it is there twice', [['a'], ['a']]],
  ['it is there twice', [['a'], ['./a']]],
  [
    'it is there twice',
    [
      ['a', 'directory'],
      ['a', 'symlink', 'b'],
    ],
  ],
  ['it is a link to nothing', [['a', 'symlink', '']]],
  ['outside the destination', [['a', 'symlink', '/etc']]],
  ['outside the destination', [['a', 'symlink', '/work/projectx']]],
  ['outside the destination', [['a', 'symlink', '/work/project/../x']]],
  ['outside the destination', [['a', 'symlink', '..']]],
  ['outside the destination', [['a', 'symlink', './../x']]],
  ['outside the destination', [['d/a', 'symlink', '../../x']]],
  ['outside the destination', [['d/a', 'symlink', 'x/../../y']]],
  // Where the link within leads decides where the dots lead.
  [
    'outside the destination',
    [
      ['d', 'symlink', '.'],
      ['e', 'symlink', 'd/../x'],
    ],
  ],
  ['is a file of the same archive', [['a'], ['a/b']]],
  ['is a link of the same archive', [['a', 'symlink', 'b'], ['a/b']]],
  ['is a link of the same archive', [['a/b/c'], ['a', 'symlink', 'b']]],
  ['is a link of the same archive', [['Dir', 'symlink', 'b'], ['dir/b']]],
  [
    'in other letters',
    [
      ['Dir', 'symlink', 'b'],
      ['dir', 'directory'],
    ],
  ],
  ['is a link of the same archive', [['\u00e9', 'symlink', 'b'], ['e\u0301/b']]],
])('an archive is refused because %s: %j', (why, given) => {
  expect(() => checkEntries(entries(given), '/work/project')).toThrow(
    expect.objectContaining({ code: 'archiveInvalid', message: expect.stringContaining(why) }),
  )
})

test('what is sound is taken under its clean name', () => {
  const given: Given[] = [
    ['./', 'directory'],
    ['./a/', 'directory'],
    ['a//b', 'file'],
    ['Makefile'],
    ['makefile'],
    ['..hidden'],
    ['a/l1', 'symlink', 'b'],
    ['a/l2', 'symlink', '../Makefile'],
    ['a/l3', 'symlink', '../a/./b'],
    ['a/l4', 'symlink', '/work/project/a'],
    ['self', 'symlink', '.'],
    ['a/up', 'symlink', '..'],
    ['a', 'directory'],
  ]
  const checked = checkEntries(entries(given), '/work/project')
  expect(checked.map((entry) => entry.name)).toEqual([
    'a',
    'a/b',
    'Makefile',
    'makefile',
    '..hidden',
    'a/l1',
    'a/l2',
    'a/l3',
    'a/l4',
    'self',
    'a/up',
    'a',
  ])
  expect(checked.find((entry) => entry.name === 'a/b')?.isPlain).toBe(false)
})

test('below the root everything is inside', () => {
  expect(checkEntries(entries([['a', 'symlink', '/usr/bin/x']]), '/')).toHaveLength(1)
})

import { expect, test } from 'vitest'
import { Pattern } from '../../../src/engine/executor/pattern.ts'
import { hasCode } from '../../../src/engine/model/errors.ts'

const malformed = 'malformed'

function check(pattern: string, path: string): boolean | typeof malformed {
  try {
    return new Pattern(pattern).matches(path)
  } catch (error) {
    if (hasCode(error, 'patternInvalid')) return malformed
    throw error
  }
}

test.each<[pattern: string, path: string, expected: boolean | typeof malformed]>([
  // One component.
  ['abc', 'abc', true],
  ['abc', 'ab', false],
  ['ab', 'abc', false],
  ['*', 'abc', true],
  ['*', '.hidden', true],
  ['*', 'a/b', false],
  ['*c', 'abc', true],
  ['a*', 'a', true],
  ['a*', 'ab/c', false],
  ['a*/b', 'abc/b', true],
  ['a*/b', 'a/c/b', false],
  ['a*b*c*d*e*/f', 'axbxcxdxexxx/f', true],
  ['a*b*c*d*e*/f', 'axbxcxdxe/xxx/f', false],
  ['a*b?c*x', 'abxbbxdbxebxczzx', true],
  ['a*b?c*x', 'abxbbxdbxebxczzy', false],
  ['*x', 'xxx', true],
  ['a?b', 'a☺b', true],
  ['a?b', 'a😀b', true],
  ['a??b', 'a😀b', false],
  ['a?b', 'a/b', false],
  ['a\\*b', 'a*b', true],
  ['a\\*b', 'ab', false],
  // Whole components.
  ['**', 'a', true],
  ['**', 'a/b', true],
  ['**', '.x/y', true],
  ['a/**', 'a', false],
  ['a/**', 'a/b', true],
  ['a/**', 'a/b/c', true],
  ['**/c', 'c', true],
  ['**/c', 'a/b/c', true],
  ['**/c', 'a/b', false],
  ['**/c', 'abcd', false],
  ['**/c', 'a/abc', false],
  ['a/**/b', 'a/b', true],
  ['a/**/d', 'a/b/c/d', true],
  ['a/**/b/**/c', 'a/x/b/y/z/c', true],
  ['a/\\**', 'a/b/c', false],
  ['abc**', 'abc', true],
  ['abc**', 'abc/d', false],
  ['**abc', 'abc', true],
  ['**abc', 'x/abc', false],
  ['***', 'a/b', false],
  // Classes.
  ['ab[c]', 'abc', true],
  ['ab[b-d]', 'abc', true],
  ['ab[e-g]', 'abc', false],
  ['ab[^c]', 'abc', false],
  ['ab[^e-g]', 'abc', true],
  ['[!a]', '!', true],
  ['[!a]', 'b', false],
  ['[a-ζ]*', 'α', true],
  ['*[a-ζ]', 'A', false],
  ['a[^a]b', 'a☺b', true],
  ['a[^a]b', 'a/b', false],
  ['[\\]a]', ']', true],
  ['[x\\-]', '-', true],
  ['[\\-x]', 'a', false],
  // Alternatives.
  ['ab{c,d}', 'abd', true],
  ['ab{c,d,*}', 'abcde', true],
  ['a{,bc}', 'a', true],
  ['a{,bc}', 'abc', true],
  ['a{b/c,d}/e', 'a/e', false],
  ['a/{b/c,d}/e', 'a/b/c/e', true],
  ['a/{b,c{d,e}}', 'a/ce', true],
  ['a/{b,c{d,e}}', 'a/c', false],
  ['{a/**,b}/c', 'a/x/y/c', true],
  ['{a/**,b}/c', 'b/c', true],
  ['{x/**}', 'x/y/z', true],
  ['{**}', 'a/b', false],
  ['{a,b}{c,d}', 'bd', true],
  // Nothing is normalised.
  ['bin', 'bin/x', false],
  ['./bin/*', 'bin/x', false],
  ['/bin/*', 'bin/x', false],
  ['a/', 'a', false],
  // Malformed, where a name comes so far.
  ['[', 'a', malformed],
  ['[]a]', ']', malformed],
  ['[-x]', 'x', malformed],
  ['[x-]', 'x', malformed],
  ['[a-b-c]', 'a', malformed],
  ['[^]', 'a', malformed],
  ['[^bc', 'a', malformed],
  ['\\', 'a', malformed],
  ['a[', 'a', false],
  ['a[', 'ab', malformed],
  ['ab{c,d}[', 'abcd', malformed],
  ['ab{c,d}[', 'xy', false],
  ['ab{c', 'abc', malformed],
])('pattern %s and path %s: %s', (pattern, path, expected) => {
  expect(check(pattern, path)).toBe(expected)
})

test.each<[pattern: string, prefix: string | null]>([
  ['**', ''],
  ['*.js', ''],
  ['bin/*', 'bin'],
  ['a/b/c.txt', 'a/b/c.txt'],
  ['a/b{c,d}/e', 'a'],
  ['a/\\*', 'a'],
  ['./bin/*', null],
  ['/bin', null],
  ['../x', null],
  ['a/', null],
  ['', null],
])('only %s has to be read for pattern %s', (pattern, prefix) => {
  expect(new Pattern(pattern).literalPrefix()).toBe(prefix)
})

test('a pattern of many stars takes linear time', () => {
  expect(new Pattern(`${'*a'.repeat(40)}b`).matches('a'.repeat(4000))).toBe(false)
  expect(new Pattern(`${'**/'.repeat(40)}b`).matches('a/'.repeat(1000))).toBe(false)
})

test.each([
  ['a', 'a'],
  ['a*', 'ab'],
  ['a*{,b}', 'ab'],
  ['?[a]\\b/', 'aab/'],
])('a pattern of 30,000 characters is compiled and compared as a short one is: %s', (part, path) => {
  const long = part.repeat(Math.floor(30_000 / part.length))
  const name = path.repeat(100)
  expect(new Pattern(long).matches(name)).toBe(false)
  expect(new Pattern(`{${long},${part.repeat(100)}}`).matches(name)).toBe(true)
})

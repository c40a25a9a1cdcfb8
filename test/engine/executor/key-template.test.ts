import { expect, test } from 'vitest'
import { cacheKeyCharsMax, fullCacheKey } from '../../../src/engine/executor/cache-key.ts'
import { renderKey } from '../../../src/engine/executor/key-template.ts'
import { AgolaError } from '../../../src/engine/model/errors.ts'

const world = {
  arch: 'arm64' as const,
  now: Date.UTC(2026, 2, 4, 23, 59, 58, 987),
  env: async (name: string) => ({ BRANCH: 'main', EMPTY: '', COUNT: '7' })[name] ?? '',
  hash: async (algorithm: string, file: string) => `${algorithm}(${file})`,
}

test.each<[template: string, key: string]>([
  ['plain text', 'plain text'],
  ['', ''],
  ['a { b } }} c', 'a { b } }} c'],
  ['{{ os }}-{{arch}}', 'linux-arm64'],
  ['{{ year }}{{ month }}{{ day }}', '20260304'],
  ['{{ unixtime }}', '1772668798'],
  ['go-{{ md5sum "go.sum" }}-{{ sha256sum `a b` }}', 'go-md5(go.sum)-sha256(a b)'],
  ['{{ env "BRANCH" }}{{ env "NONE" }}', 'main'],
  ['{{ "BRANCH" | env }}', 'main'],
  ['{{ "BRANCH" | env | printf "%s-%s" "x" }}', 'x-main'],
  ['{{ ("go.sum" | md5sum) | printf "<%v>" }}', '<md5(go.sum)>'],
  ['a {{- os -}} b', 'alinuxb'],
  ['a \n{{- os }} b', 'alinux b'],
  ['a {{ os -}}\n\t b', 'a linuxb'],
  ['{{-3}}', '-3'],
  ['{{ "a\\n\\t\\"\\u00e9\\x41" }}', 'a\n\t"éA'],
  ['{{ 42 }}{{ -7 }}', '42-7'],
  ['{{ if env "BRANCH" }}yes{{ else }}no{{ end }}', 'yes'],
  ['{{ if env "EMPTY" }}yes{{ else }}no{{ end }}', 'no'],
  ['{{ if 0 }}a{{ else if eq os "windows" }}b{{ else if eq os "mac" "linux" }}c{{ else }}d{{ end }}', 'c'],
  ['{{ if eq (env "BRANCH") "main" }}1{{ end }}2', '12'],
  ['{{ $b := env "BRANCH" }}{{ $b }}{{ if $b }}{{ $b = "other" }}{{ end }}{{ $b }}', 'mainother'],
  ['{{ $b := "x" }}{{ if 1 }}{{ $b := "y" }}{{ $b }}{{ end }}{{ $b }}', 'yx'],
  ['{{ ne 1 2 }} {{ lt 1 2 }} {{ le 2 2 }} {{ gt "b" "a" }} {{ ge "a" "b" }}', 'true true true true false'],
  ['{{ printf "%d|%5d|%-5d|%05d|%x|%X|%+d" 42 42 42 42 255 255 7 }}', '42|   42|42   |00042|ff|FF|+7'],
  [
    '{{ printf "%s|%5s|%-5s|%.2s|%q|%v|%x|%%" "abc" "abc" "abc" "abc" "abc" "abc" "abc" }}',
    'abc|  abc|abc  |ab|"abc"|abc|616263|%',
  ],
  ['{{ printf "%t" (eq 1 1) }}', 'true'],
])('%s renders %j', async (template, key) => {
  expect(await renderKey(template, world)).toBe(key)
})

test.each<[template: string, problem: string, column: number]>([
  ['a{{ os', 'never closed by "}}"', 2],
  ['{{ }}', 'a value is missing', 1],
  ['{{ "abc }}', 'string is never closed', 4],
  ['{{ `abc }}', 'string is never closed', 4],
  ['{{ "a\\q" }}', 'the escape \\q is unknown', 6],
  ['{{ .Environment.X }}', 'unsupported template construct: data (".")', 4],
  ['{{ /* comment */ }}', 'unsupported template construct: a comment', 4],
  ["{{ 'a' }}", 'unsupported template construct: a character constant', 4],
  ['{{ range 3 }}{{ end }}', 'unsupported template construct: "range"', 4],
  ['{{ html "x" }}', 'unsupported template construct: "html"', 4],
  ['{{ constructor }}', 'unsupported template construct: "constructor"', 4],
  ['{{ 1.5 }}', 'unsupported template construct: "1.5"', 4],
  ['{{ $x.y }}', 'unsupported template construct: field access', 6],
  ['{{ $x }}', 'the variable $x is unknown', 4],
  ['{{ $x = 1 }}', 'the variable $x is unknown', 4],
  ['{{ if 1 }}{{ $x := 1 }}{{ end }}{{ $x }}', 'the variable $x is unknown', 36],
  ['{{ md5sum }}', '"md5sum" takes 1 argument, not 0', 4],
  ['{{ os "x" }}', '"os" takes 0 arguments, not 1', 4],
  ['{{ eq 1 }}', '"eq" takes at least 2 arguments, not 1', 4],
  ['{{ 1 | 2 }}', 'only a function takes arguments', 4],
  ['{{ "a" "b" }}', 'only a function takes arguments', 8],
  ['{{ (os }}', '"(" is never closed', 4],
  ['{{ os ) }}', 'unexpected ")"', 7],
  ['{{ if 1 }}a', 'this "if" has no "end"', 1],
  ['{{ if 1 }}{{ else }}a', 'this "if" has no "end"', 1],
  ['{{ if 1 }}{{ else }}{{ else }}{{ end }}', '"else" after "else"', 21],
  ['{{ if 1 }}{{ else os }}{{ end }}', 'only "if" may follow "else"', 19],
  ['{{ if }}{{ end }}', 'a value is missing', 1],
  ['{{ end }}', '"end" without "if"', 1],
  ['{{ eq 1 "1" }}', 'cannot compare 1 with "1"', 4],
  ['{{ lt (eq 1 1) (eq 1 2) }}', 'cannot order truth values', 4],
  ['{{ env 1 }}', '"env" takes a string, not 1', 4],
  ['{{ printf "%d" "x" }}', '%d does not fit "x"', 4],
  ['{{ printf "%s" }}', '%s has no value', 4],
  ['{{ printf "x" 1 }}', '1 values are left over', 4],
  ['{{ printf "%" }}', 'the format ends in "%"', 4],
  ['{{ 99999999999999999999 }}', 'is too large', 4],
])('%s is refused: %s', async (template, problem, column) => {
  const error = await renderKey(template, world).catch((thrown: unknown) => thrown)
  expect(error).toBeInstanceOf(AgolaError)
  expect(error).toMatchObject({
    code: 'templateInvalid',
    details: { column },
    message: expect.stringContaining(problem),
  })
})

test('a mistake in a later line is located there', async () => {
  await expect(renderKey('a\nb\n  {{ nope }}', world)).rejects.toMatchObject({ details: { line: 3, column: 6 } })
})

test('a function that is not reached is not called', async () => {
  const hash = () => Promise.reject(new Error('called'))
  expect(await renderKey('{{ if 0 }}{{ md5sum "x" }}{{ end }}ok', { ...world, hash })).toBe('ok')
})

test('a full key is its prefix and the rendered key, as they are', () => {
  expect(fullCacheKey('p', 'a/b ü\n%')).toBe('p-a/b ü\n%')
})

test('a full key may have 200 characters and no more', () => {
  const prefix = 'x'.repeat(73)
  expect(fullCacheKey(prefix, 'k'.repeat(126))).toHaveLength(cacheKeyCharsMax)
  expect(() => fullCacheKey(prefix, 'k'.repeat(127))).toThrow('shorten it to 126')
  expect(fullCacheKey('p', 'AZaz09-_.~$&+=:@'.repeat(12))).toHaveLength(194)
  expect(() => fullCacheKey(prefix, "/;,?!*'()% \n".repeat(4))).toThrow('escaped it has 144 characters')
  expect(() => fullCacheKey(prefix, 'ü'.repeat(30))).toThrow('escaped it has 180 characters')
  expect(() => fullCacheKey(prefix, '')).toThrow('empty')
})

import { expect, test } from 'vitest'
import { readJson } from '../../../src/engine/config/json.ts'
import { loadConfig } from '../../../src/engine/config/load.ts'
import { readYaml } from '../../../src/engine/config/yaml.ts'
import { aTree, branchContext } from './a-tree.ts'
import { brief, parseText } from './read-text.ts'

async function yaml(text: string) {
  const { source, problems } = await readYaml('config.yml', text)
  return {
    value: source?.value,
    problems: problems.map((p) => `${p.severity} ${p.code} ${p.line}:${p.column} ${p.message}`),
  }
}
async function json(text: string) {
  const { source, problems } = await readJson('config.json', text)
  return {
    value: source?.value,
    problems: problems.map((p) => `${p.severity} ${p.code} ${p.line}:${p.column} ${p.message}`),
  }
}

const yamlScalars: [text: string, value: unknown][] = [
  ['yes', true],
  ['No', false],
  ['on', true],
  ['OFF', false],
  ['y', true],
  ['N', false],
  ['true', true],
  ['~', null],
  ['', null],
  ['0777', 511],
  ['0x1F', 31],
  ['0b11', 3],
  ['1_000', 1000],
  ['-1', -1],
  ['1.10', 1.1],
  ['1e3', 1000],
  ['.5', 0.5],
  ['5.', 5],
  ['.inf', Number.POSITIVE_INFINITY],
  ['12:30:45', '12:30:45'],
  ['190:20:30.15', '190:20:30.15'],
  ['2001-12-14', '2001-12-14'],
  ['2001-12-14t21:59:43.10-05:00', '2001-12-14t21:59:43.10-05:00'],
  ['.', '.'],
  ['..', '..'],
  ['._', '._'],
  ['+', '+'],
  ['"yes"', 'yes'],
  ['!!str 5', '5'],
  ['!foo bar', 'bar'],
]
test.each(yamlScalars)('the YAML scalar %s is %j', async (text, value) => {
  expect((await yaml(`a: ${text}`)).value).toEqual({ a: value })
})

test('keys of YAML are text, whatever they look like', async () => {
  expect((await yaml('1: a\nyes: b\n1.5: c\n"d": e\n12345678901234567890: f')).value).toEqual({
    '1': 'a',
    true: 'b',
    '1.5': 'c',
    d: 'e',
    '12345678901234567890': 'f',
  })
  expect(await yaml('? [a]\n: b')).toEqual({ value: undefined, problems: ['error syntax 1:3 a key must be text'] })
  expect(await yaml('? {a: b}\n: b\n~: c')).toEqual({
    value: undefined,
    problems: ['error syntax 1:3 a key must be text', 'error syntax 3:1 a key must be text'],
  })
})

test('a key that YAML takes for a boolean is told, unless it reads the same', async () => {
  expect(await yaml('NO: 1\ntrue: 2')).toEqual({
    value: { false: 1, true: 2 },
    problems: ['warning converted_to_string 1:1 the key NO is read as the text "false"'],
  })
})

test('a key called __proto__ is a key', async () => {
  for (const { value } of [await yaml('{ "__proto__": { a: 1 } }'), await json('{ "__proto__": { "a": 1 } }')]) {
    expect(Object.keys(value as object)).toEqual(['__proto__'])
    expect(Object.getPrototypeOf(value)).toBe(Object.prototype)
  }
})

test('anchors, aliases and merge keys', async () => {
  const text = `
a: &a { x: 1, v: 1 }
b: &b { v: 2, z: 2 }
c: *a
d: { <<: *a, v: 9 }
e: { <<: [*a, *b], w: 3 }
f: { v: 9, <<: *a }
g: { "<<": 1 }
`
  expect(await yaml(text)).toEqual({
    problems: [],
    value: {
      a: { x: 1, v: 1 },
      b: { v: 2, z: 2 },
      c: { x: 1, v: 1 },
      d: { x: 1, v: 9 },
      e: { x: 1, v: 1, z: 2, w: 3 },
      f: { x: 1, v: 9 },
      g: { '<<': 1 },
    },
  })
})

test('an anchor may be used again for something else', async () => {
  expect((await yaml('a: &x 1\nb: *x\nc: &x 2\nd: *x')).value).toEqual({ a: 1, b: 1, c: 2, d: 2 })
})

const yamlProblems: [text: string, problem: string][] = [
  ['a: *x', 'error syntax 1:4 there is no anchor "x" before this alias'],
  ['a: *x\nb: &x 1', 'error syntax 1:4 there is no anchor "x" before this alias'],
  ['a: &x [*x]', 'error syntax 1:8 the anchor "x" contains itself'],
  ['a: {<<: 1}', 'error syntax 1:5 << takes an object or a list of objects'],
  ['a: 1\n\tb: 2', 'error syntax 2:1 tabs are not allowed as indentation'],
  ['a: &x [1]\nb: && c', 'error syntax 2:7 text cannot start with & unless it is in quotes'],
  ['%YAML 1.2\n---\na: 1', 'error syntax 1:1 the file is for YAML 1.2, but configs are read as YAML 1.1'],
  ['%FOO\n---\na: 1', 'error syntax 1:1 %FOO is no directive of YAML'],
]
test.each(yamlProblems)('%j is refused', async (text, problem) => {
  expect(await yaml(text)).toEqual({ value: undefined, problems: [problem] })
})

test('mistakes of syntax have hints where one is known', async () => {
  expect((await readYaml('f', 'a: 1\n\tb: 2')).problems[0]?.hint).toBe('indent with spaces')
  expect((await readYaml('f', 'a: 1\na: 2')).problems[0]?.hint).toBe('keep one of them; the reference takes the last')
})

/** Line 4 of a config, the problem of it and what to write instead. */
const mistakes: [line: string, problem: string, hint: string][] = [
  [
    '- run: echo a: b',
    '4:10 a second key starts on this line: text with ": " in it needs quotes',
    "put the whole text in quotes: 'echo a: b'",
  ],
  [
    "- run: it's: x # y",
    '4:10 a second key starts on this line: text with ": " in it needs quotes',
    "put the whole text in quotes: 'it''s: x'",
  ],
  [
    '- {run: echo a: b}',
    '4:11 text with ": " or "- " in it needs quotes inside [ ] and { }',
    'put the whole text in quotes',
  ],
  [
    '- a: b\n     c: d',
    '4:8 the next line is indented further than this one, which has its value already',
    'give all keys of an object the same indent',
  ],
  [
    '- run: "x }\n  - a: b\n    c: d',
    '4:10 the " that opens here is never closed',
    'close it with "; text that goes on in further lines is indented further than its key',
  ],
  [
    "- run: 'x\nb\n  - a: b'",
    "4:10 the ' that opens here is never closed",
    "close it with '; text that goes on in further lines is indented further than its key",
  ],
  [
    '- run: |\n  echo a\n  echo b',
    '5:3 the text below a | or > is not indented',
    'indent all its lines further than the key that it belongs to',
  ],
  ['- run: @x', '4:10 text cannot start with @ unless it is in quotes', "put the whole text in quotes: '@x'"],
  ['- run: `x`', '4:10 text cannot start with ` unless it is in quotes', "put the whole text in quotes: '`x`'"],
  ['- run: %foo', '4:10 text cannot start with % unless it is in quotes', "put the whole text in quotes: '%foo'"],
  ['- [a, @b]', '4:9 text cannot start with @ unless it is in quotes', 'put the whole text in quotes'],
  [
    '- run: [ -f x ] && echo',
    '4:19 there is more behind the end of the [ ], the { } or the quotes',
    'put the whole text in quotes, or below a |',
  ],
  [
    '- run: "\\d"',
    '4:11 \\d means nothing between double quotes',
    'write \\\\d, or use single quotes, where a \\ is a \\',
  ],
  ['- run: *.js', '4:10 there is no anchor ".js" before this alias', 'text that starts with * needs quotes'],
  [
    '- a\n - b',
    '5:2 this is not in line with the items of the list above it',
    'start all items with "- " at the same indent',
  ],
  ['- run:x\n    a: b', '4:5 a key ends with ": "', 'write a space after the colon: run: …'],
  [
    '- foo\n    a: b',
    '4:5 a key with a value is expected here',
    'write "key: value"; text that goes on from the line before is indented further than its key',
  ],
  [
    '- run: - x',
    '4:10 a list cannot start on the line of its key',
    'start the list on the next line; text needs quotes',
  ],
  [
    '- run: | echo',
    '4:12 there is text behind the | or >',
    'start the text on the next line; a command with | or > needs quotes',
  ],
  ['- [a\nb: c', '5:1 a ] is missing before this place', 'close what was opened with a ]'],
  [
    '- "a"#b',
    '4:8 a # that starts a comment has a space before it',
    'write a space before the #, or put the text in quotes',
  ],
  ['<<<<<<< HEAD', '4:3 a conflict of a merge is left in the file', 'choose one side and delete the marks'],
]
test.each(mistakes)('%j is told in words that help', async (line, problem, hint) => {
  const { source, problems } = await readYaml('f', `runs:\n- name: r\n  steps:\n  ${line}\n`)
  expect(source).toBeNull()
  expect(problems.map((p) => [`${p.line}:${p.column} ${p.message}`, p.hint])).toEqual([[problem, hint]])
})

test('brackets whose lines are not indented are one problem', async () => {
  for (const [text, place] of [
    ['runs: [\n{name: r}\n]', '2:1'],
    ['runs: [\n\t{name: r}\n]', '2:2'],
  ]) {
    const message = 'the lines up to the ] are not indented, with spaces, further than the key that they belong to'
    expect((await yaml(`${text}\n`)).problems).toEqual([`error syntax ${place} ${message}`])
  }
})

test('mistakes of syntax on several lines are all told', async () => {
  expect((await yaml('a: @x\n\tb: c\nd: `y`\ne: "\nf: @x')).problems).toEqual([
    'error syntax 1:4 text cannot start with @ unless it is in quotes',
    'error syntax 2:1 tabs are not allowed as indentation',
    'error syntax 3:4 text cannot start with ` unless it is in quotes',
    'error syntax 4:4 the " that opens here is never closed',
  ])
})

test('lines with a second key each do not add up to a depth', async () => {
  const { problems } = await yaml('a: b: c\n'.repeat(1000))
  expect(problems.length).toBeGreaterThan(50)
  for (const problem of problems) expect(problem).toContain('a second key starts on this line')
})

test('a key that is given again is an error, and the last one is read', async () => {
  const twice = (place: string) => `error duplicate_key ${place} the key "a" is given twice`
  expect(await yaml('a: 1\na: 2\na: 3')).toEqual({ value: { a: 3 }, problems: [twice('2:1'), twice('3:1')] })
  expect(await yaml('b: {a: 1, "a": 2}')).toEqual({ value: { b: { a: 2 } }, problems: [twice('1:11')] })
  expect(await json('{"a": 1, "a": 2, "b": {"a": 1, "a": 2}}')).toEqual({
    value: { a: 2, b: { a: 2 } },
    problems: [twice('1:10'), twice('1:32')],
  })
  expect((await json('{"a": 1, "a": [')).problems).toEqual([
    twice('1:10'),
    expect.stringContaining('1:16 the document ends'),
  ])
  expect((await yaml('1: a\n"1": b')).problems).toEqual(['error duplicate_key 2:1 the key "1" is given twice'])
})

test('with a key that is given again everything else is checked too, at the places of the last one', async () => {
  const text = '{"runs": [{"name": "r", "name": 1e99, "tasks": [{}], "tasks": [null]}]}'
  for (const json of [true, false]) {
    const { config, problems } = await parseText(text, { json })
    expect(config).toBeNull()
    expect(problems.map(brief)).toEqual([
      'error duplicate_key 1:25 ',
      expect.stringMatching(/^warning converted_to_string 1:33 /),
      'error duplicate_key 1:54 ',
      'error task_empty 1:64 runs[0].tasks[0]',
    ])
  }
  const loaded = await loadConfig(aTree({ '.agola/config.yml': 'runs: [{name: a, name: b}]' }), {
    context: branchContext,
  })
  expect([loaded.config, loaded.value]).toEqual([null, { runs: [{ name: 'b' }] }])
})

test('tags without a meaning are told; those that would change the value are refused', async () => {
  const tag = async (written: string) => (await yaml(`a: ${written}`)).problems
  for (const known of ['!!str 5', '!!int "5"', '!!map {}', '!!seq []', '!!null ~', '! x'])
    expect(await tag(known)).toEqual([])
  expect(await yaml('a: !secret foo\nb: !x {c: 1}')).toEqual({
    value: { a: 'foo', b: { c: 1 } },
    problems: [
      'warning unknown_tag 1:4 the tag !secret has no meaning here and is ignored',
      'warning unknown_tag 2:4 the tag !x has no meaning here and is ignored',
    ],
  })
  expect(await tag('!!binary aGk=')).toEqual(['error unknown_tag 1:4 the tag !!binary is not supported'])
  expect(await tag('!!set {b}')).toEqual(['error unknown_tag 1:4 the tag !!set is not supported'])
  expect(await tag('!!int x')).toEqual(['error unknown_tag 1:4 the tag !!int does not fit its value'])
  expect(await tag('!!str [b]')).toEqual(['error unknown_tag 1:4 the tag !!str does not fit its value'])
  expect((await yaml('%YAML 1.1\n---\na: yes')).value).toEqual({ a: true })
})

test('tabs are fine in JSON text of a YAML file', async () => {
  expect((await yaml('{\n\t"a": 1\n}')).value).toEqual({ a: 1 })
})

test('of several documents the first is read, with a warning', async () => {
  expect(await yaml('a: 1\n---\nb: [')).toEqual({
    value: { a: 1 },
    problems: ['warning several_documents 2:1 only the first document of the file is read'],
  })
  expect(await yaml('---\na: 1\n...')).toEqual({ value: { a: 1 }, problems: [] })
})

test('aliases that blow up are refused before they do', async () => {
  const levels = Array.from(
    { length: 30 },
    (_, level) => `a${level + 1}: &a${level + 1} [${Array(9).fill(`*a${level}`).join(', ')}]`,
  )
  const { value, problems } = await yaml(`a0: &a0 [x, x]\n${levels.join('\n')}`)
  expect(value).toBeUndefined()
  expect(problems).toEqual(['error alias_bomb 7:15 the aliases expand to more than 400000 values'])
})

test('merged aliases count too, and many small ones are fine', async () => {
  const keys = Array.from({ length: 1000 }, (_, key) => `k${key}: 1`).join(', ')
  const merges = (count: number) => `b: &b {${keys}}\na:\n${'- {<<: *b}\n'.repeat(count)}`
  expect((await yaml(merges(399))).problems).toEqual([])
  expect((await yaml(merges(400))).problems).toEqual([expect.stringMatching(/^error alias_bomb 402:8 /)])
})

test('what nests too deep is refused, however it comes about', async () => {
  const deep = 'error too_deep 1:1 lists and objects nest more than 100 deep'
  expect((await yaml(`${'['.repeat(100)}${']'.repeat(100)}`)).problems).toEqual([])
  expect((await yaml(`${'['.repeat(102)}${']'.repeat(102)}`)).problems).toEqual([
    'error too_deep 1:101 lists and objects nest more than 100 deep',
  ])
  expect(
    (await yaml(`a0: &a0 []\n${Array.from({ length: 120 }, (_, n) => `a${n + 1}: &a${n + 1} [*a${n}]`).join('\n')}`))
      .problems,
  ).toEqual([deep])
  expect((await json(`${'['.repeat(101)}${']'.repeat(101)}`)).problems).toEqual([
    'error too_deep 1:101 lists and objects nest more than 100 deep',
  ])
  expect((await json('['.repeat(500_000))).problems).toEqual([
    'error too_deep 1:101 lists and objects nest more than 100 deep',
  ])
  const levels = Array.from({ length: 1000 }, (_, level) => `${' '.repeat(level)}a:\n`)
  for (const [text, place] of [
    [`runs: ${'['.repeat(1500)}${']'.repeat(1500)}`, '1:106'],
    ['['.repeat(100_000), '1:101'],
    ['{a: '.repeat(20_000), '1:401'],
    ['- '.repeat(3000), '1:201'],
    ['? '.repeat(3000), '1:201'],
    [levels.join(''), '101:101'],
  ] as const) {
    expect(await yaml(text)).toEqual({
      value: undefined,
      problems: [`error too_deep ${place} lists and objects nest more than 100 deep`],
    })
  }
})

test('JSON of every kind is read', async () => {
  const value = { a: [1, -2.5, 1e3, 0, true, false, null, 'x', '', {}, []], 'b "\\ é': '\u0000\n\u2028😀' }
  expect(await json(JSON.stringify(value))).toEqual({ value, problems: [] })
  expect(await json(` \r\n\t${JSON.stringify(value, null, 2)}\n`)).toEqual({ value, problems: [] })
})

test('JSON with comments or trailing commas is read as YAML, with a warning', async () => {
  expect(await json('{"a": [1,], # x\n}')).toEqual({
    value: { a: [1] },
    problems: ['warning not_strict_json 1:10 this is no JSON: a value is expected here; the file is read as YAML'],
  })
})

const jsonProblems: [text: string, problem: string][] = [
  ['{"a": 1', 'error syntax 1:8 a , or } is expected here'],
  ['{"a": [1 2', 'error syntax 1:10 a , or ] is expected here'],
  ['{"a" 1', 'error syntax 1:6 a : is expected after the key'],
  ['{"a": "b', 'error syntax 1:7 the string has no end, or has an unescaped line end or control character in it'],
  ['{"a": "\\x"', 'error syntax 1:7 the string has a wrong escape in it'],
  ['{"a": 1}}', 'error syntax 1:9 there is more after the end of the document'],
  ['[01', 'error syntax 1:2 this is no number'],
  ['[tru', 'error syntax 1:2 "tru" is no JSON value; text needs double quotes'],
  ['{"a": ', 'error syntax 1:7 the document ends too early'],
  ["{'a': ", 'error syntax 1:2 a key in double quotes is expected here'],
]
test.each(jsonProblems)('the JSON %s is refused where it goes wrong', async (text, problem) => {
  const { value, problems } = await json(text)
  expect(value).toBeUndefined()
  expect(problems).toHaveLength(1)
  expect(problems[0]).toContain(problem)
})

test('places in JSON: keys, values, items, and the nearest parent of what is not there', async () => {
  const { source } = await readJson('f', '{\n  "a": [ {"b": 1},\n 2 ],\n  "é😀": "x"\n}')
  const at = (path: (string | number)[], part: 'key' | 'value') => {
    const position = source?.positionOf(path, part)
    return `${position?.line}:${position?.column}`
  }
  expect([
    at([], 'value'),
    at(['a'], 'key'),
    at(['a'], 'value'),
    at(['a', 0, 'b'], 'key'),
    at(['a', 0, 'b'], 'value'),
  ]).toEqual(['1:1', '2:3', '2:8', '2:11', '2:16'])
  expect([at(['a', 1], 'value'), at(['é😀'], 'value'), at(['a', 0, 'zz'], 'value'), at(['nope'], 'key')]).toEqual([
    '3:2',
    '4:9',
    '2:10',
    '1:1',
  ])
  expect([source?.writtenAt(['a', 1]), source?.writtenAt(['é😀']), source?.writtenAt(['zz'])]).toEqual([
    '2',
    null,
    null,
  ])
})

test('places in YAML: keys, values, items, aliases and merged keys', async () => {
  const { source } = await readYaml('f', 'x: &x\n  p: 1\n  q: 010\nw: *x\nz:\n  <<: [*x]\n  r: ["é", 2]\nm:\n')
  const at = (path: (string | number)[], part: 'key' | 'value' = 'value') => {
    const position = source?.positionOf(path, part)
    return `${position?.line}:${position?.column}`
  }
  expect([at([]), at(['x']), at(['x', 'p']), at(['w']), at(['w', 'p']), at(['z', 'q']), at(['z', 'r', 1])]).toEqual([
    '1:1',
    '2:3',
    '2:6',
    '4:4',
    '2:6',
    '3:6',
    '7:12',
  ])
  expect([at(['x'], 'key'), at(['z', 'r'], 'key'), at(['m']), at(['m'], 'key'), at(['z', 'none'], 'key')]).toEqual([
    '1:1',
    '7:3',
    '8:1',
    '8:1',
    '5:1',
  ])
  expect([
    source?.writtenAt(['x', 'q']),
    source?.writtenAt(['z', 'q']),
    source?.writtenAt(['x']),
    source?.writtenAt(['x', 'none']),
  ]).toEqual(['010', '010', null, null])
})

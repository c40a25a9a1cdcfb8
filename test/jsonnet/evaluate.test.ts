import { expect, test } from 'vitest'
import { type EvaluateOptions, evaluate, presentError } from '../../src/jsonnet/index.ts'
import { checkErrors, errorOf, resultOf } from './check.ts'

const files: Record<string, string> = {
  'lib/a.libsonnet':
    '{ here: std.thisFile, b: import "b.libsonnet", text: importstr "t.txt", bytes: importbin "t.txt" }',
  'lib/b.libsonnet': '"b"',
  'lib/t.txt': 'é',
  'broken.libsonnet': '{ a: }',
  'self.libsonnet': 'import "self.libsonnet"',
}

const importFile: NonNullable<EvaluateOptions['importFile']> = ({ importedFrom, path }) => {
  const name = importedFrom.startsWith('lib/') ? `lib/${path}` : path
  const content = files[name]
  if (content === undefined) throw new Error('no such blob')
  return { name, content }
}

test('imports are answered by the host, relative to the importing file, each file once', () => {
  expect(resultOf('import "lib/a.libsonnet"', { importFile })).toEqual({
    here: 'lib/a.libsonnet',
    b: 'b',
    text: 'é',
    bytes: [195, 169],
  })
})

test('imports that fail say why and where', () => {
  expect(errorOf('import "x"').firstLine).toBe(
    'RUNTIME ERROR: couldn\'t open import "x": imports are not available here',
  )
  const missing = errorOf('{ a:\n  import "x" }', { importFile })
  expect(missing.firstLine).toBe('RUNTIME ERROR: couldn\'t open import "x": no such blob')
  expect(missing.position).toEqual({ file: 'test', line: 2, column: 3 })
  expect(errorOf('{ a: import "broken.libsonnet" }', { importFile })).toMatchObject({
    kind: 'static',
    firstLine: 'RUNTIME ERROR: broken.libsonnet:1:6-7 Unexpected: "}" while parsing terminal',
    message: 'Unexpected: "}" while parsing terminal',
    position: { file: 'broken.libsonnet', line: 1, column: 6 },
    excerpt: { text: '{ a: }', markFrom: 5, markLength: 1 },
    trace: [
      { file: 'broken.libsonnet', line: 1, column: 6 },
      { file: 'test', line: 1, column: 6, context: 'field <a>' },
    ],
  })
  expect(errorOf('import "self.libsonnet"', { importFile }).firstLine).toBe('RUNTIME ERROR: max stack frames exceeded.')
})

test('external variables and top-level arguments are strings or code', () => {
  const externalVariables = { s: { text: '1 + 1' }, c: { code: '1 + 1' }, bad: { code: ')' } }
  expect(resultOf('[std.extVar("s"), std.extVar("c")]', { externalVariables })).toEqual(['1 + 1', 2])
  expect(errorOf('std.extVar("bad")', { externalVariables }).firstLine).toBe(
    '<extvar:bad>:1:1-2 Unexpected: ")" while parsing terminal',
  )
  expect(errorOf('std.extVar("cc")', { externalVariables }).hint).toBeUndefined()
  const topLevelArguments = { ctx: { code: '{ branch: "main" }' }, s: { text: 'x' } }
  expect(resultOf('function(ctx, s, d=ctx.branch) [s, d]', { topLevelArguments })).toEqual(['x', 'main'])
  expect(resultOf('{ a: 1 }', { topLevelArguments })).toEqual({ a: 1 })
  expect(errorOf('function(other) 1', { topLevelArguments }).firstLine).toBe(
    'RUNTIME ERROR: function has no parameter ctx',
  )
  expect(errorOf('function(x) 1').firstLine).toBe('RUNTIME ERROR: Missing argument: x')
  expect(resultOf('function() 42')).toBe(42)
})

test('native functions get plain values and their errors are the program’s', () => {
  const nativeFunctions = {
    join: { parameters: ['a', 'b'], call: (a: unknown, b: unknown) => `${JSON.stringify(a)}${JSON.stringify(b)}` },
    boom: {
      parameters: [],
      call: () => {
        throw new Error('boom')
      },
    },
  }
  expect(resultOf('std.native("join")({ x: [1] }, b=null)', { nativeFunctions })).toBe('{"x":[1]}null')
  expect(resultOf('std.native("none")', { nativeFunctions })).toBeNull()
  expect(errorOf('std.native("boom")()', { nativeFunctions }).firstLine).toBe('RUNTIME ERROR: boom')
})

test('a native function may evaluate a program of its own', () => {
  const nativeFunctions = {
    inner: { parameters: ['x'], call: (x: unknown) => resultOf(`${JSON.stringify(x)} + 1`) },
  }
  expect(
    resultOf('local f = std.native("inner"); [f(1), f(f(2)), std.extVar("a")]', {
      nativeFunctions,
      externalVariables: { a: { text: 'b' } },
    }),
  ).toEqual([2, 4, 'b'])
})

test('errors have the line with a marker, the way there and a guess at what was meant', () => {
  const error = errorOf('local describe(x) =\n\tx.nmae;\n{ a: describe({ name: 1 }) }')
  expect(error).toEqual({
    kind: 'runtime',
    message: 'Field does not exist: nmae',
    firstLine: 'RUNTIME ERROR: Field does not exist: nmae',
    position: { file: 'test', line: 2, column: 2 },
    excerpt: { text: '\tx.nmae;', markFrom: 1, markLength: 6 },
    trace: [
      { file: 'test', line: 2, column: 2, context: 'function <describe>' },
      { file: 'test', line: 3, column: 6, context: 'field <a>' },
    ],
    elided: 0,
    hint: 'did you mean "name"?',
  })
  expect(presentError(error)).toBe(
    [
      'RUNTIME ERROR: Field does not exist: nmae',
      '  at test:2:2',
      '',
      '    \tx.nmae;',
      '    \t^^^^^^',
      '',
      '  did you mean "name"?',
      '',
      '  test:2:2\tfunction <describe>',
      '  test:3:6\tfield <a>',
    ].join('\n'),
  )
})

test('misspelt variables, parameters and functions of std get a hint', () => {
  expect(errorOf('local version = 1; verison').hint).toBe('did you mean "version"?')
  expect(errorOf('(function(name) name)(nane=1)').hint).toBe('did you mean "name"?')
  expect(errorOf('std.lenght("a")').hint).toBe('did you mean "length"?')
  expect(errorOf('local a = 1; b').hint).toBeUndefined()
})

test('long traces show both ends and say how much is missing', () => {
  const error = errorOf('local f(n) = if n == 0 then error "end" else 1 + f(n - 1); f(100)')
  expect(error.trace).toHaveLength(20)
  expect(error.elided).toBe(error.trace.length === 20 ? 82 : 0)
  expect(presentError(error)).toContain('… 82 more …')
})

test('columns count bytes, the marker characters', () => {
  const error = errorOf('"é" + error "x"')
  expect(error.position?.column).toBe(8)
  expect(error.excerpt).toEqual({ text: '"é" + error "x"', markFrom: 6, markLength: 9 })
})

test('an endless program is stopped at the place where it is', () => {
  const error = errorOf('local f(x) =\n  f(x + 1) tailstrict;\nf(0)', { limits: { timeMs: 50 } })
  expect(error.kind).toBe('limit')
  expect(error.message).toBe('evaluation took longer than 50 ms')
  expect(error.position?.line).toBe(2)
})

test('results that are too large or too deep are refused', () => {
  expect(errorOf('std.repeat("a", 100)', { limits: { outputBytes: 100 } }).message).toBe(
    'result is larger than 100 bytes',
  )
  expect(errorOf('std.repeat("é", 60)', { limits: { outputBytes: 100 } }).kind).toBe('limit')
  expect(errorOf('[[[[1]]]]', { limits: { outputDepth: 3 } }).message).toBe('result nests deeper than 3')
  expect(resultOf('[[[1]]]', { limits: { outputDepth: 3 } })).toEqual([[[1]]])
})

test('arrays and strings have a greatest length, so that no allocation can end the process', () => {
  checkErrors([
    ['std.range(1, 100000000)', 'RUNTIME ERROR: Array longer than 8388608'],
    ['std.repeat("abc", 100000000)', 'RUNTIME ERROR: String longer than 33554432'],
    ['local f(x) = f(x + x) tailstrict; f("abc")', 'RUNTIME ERROR: String longer than 33554432'],
    ['"%0999999999d" % 1', 'RUNTIME ERROR: String longer than 33554432'],
  ])
})

test('sources that nest deeper than the stack are an error with a place', () => {
  const error = errorOf(`${'['.repeat(200_000)}`)
  expect(error.kind).toBe('static')
  expect(error.message).toBe('The source nests too deep')
  expect(error.position?.line).toBe(1)
})

test('positions lead from a path of the result to the source', () => {
  const source = [
    'local task(name) = {',
    '  name: name,',
    "  steps: [{ type: 'run' }, 'text'],",
    '};',
    '{',
    "  tasks: [task('a'), task('b') { extra: 1 }],",
    "} + { ['com' + 'puted']: [x for x in [1]] }",
  ].join('\n')
  const result = evaluate(source, { fileName: 'config.jsonnet', positions: true })
  if (!result.ok) throw new Error(result.error.firstLine)
  const at = (...path: (string | number)[]) => {
    const position = result.positionOf?.(path)
    return `${position?.file}:${position?.line}:${position?.column}`
  }
  expect(at('tasks')).toBe('config.jsonnet:6:3')
  expect(at('tasks', 0)).toBe('config.jsonnet:1:20')
  expect(at('tasks', 1, 'name')).toBe('config.jsonnet:2:3')
  expect(at('tasks', 1, 'extra')).toBe('config.jsonnet:6:34')
  expect(at('tasks', 1, 'steps', 0, 'type')).toBe('config.jsonnet:3:13')
  expect(at('tasks', 1, 'steps', 1)).toBe('config.jsonnet:3:28')
  expect(at('computed', 0)).toBe('config.jsonnet:7:27')
  expect(at('tasks', 1, 'steps', 9, 'none')).toBe('config.jsonnet:3:3')
})

test('positions point into imported files', () => {
  const result = evaluate('{ a: import "lib/a.libsonnet" }', { fileName: 'main', importFile, positions: true })
  if (!result.ok) throw new Error(result.error.firstLine)
  expect(result.positionOf?.(['a', 'here'])).toEqual({ file: 'lib/a.libsonnet', line: 1, column: 3 })
})

test('std.trace tells where it was called', () => {
  const lines: string[] = []
  expect(resultOf('\nstd.trace("hello", 1)', { trace: (line) => lines.push(line) })).toBe(1)
  expect(lines).toEqual(['TRACE: test:2 hello'])
})

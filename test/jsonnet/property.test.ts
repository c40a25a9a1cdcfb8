import fc from 'fast-check'
import { expect, test } from 'vitest'
import { evaluate, type JsonValue } from '../../src/jsonnet/index.ts'
import { parse } from '../../src/jsonnet/parser.ts'
import { Source } from '../../src/jsonnet/source.ts'
import type { Node } from '../../src/jsonnet/syntax.ts'
import { resultOf } from './check.ts'
import { printNode } from './print-node.ts'

const json = fc.jsonValue({ maxDepth: 4 }).map((value) => JSON.parse(JSON.stringify(value)) as JsonValue)
const name = fc.constantFrom('a', 'b', 'c', 'd')

const { expression } = fc.letrec<{ expression: string }>((tie) => {
  const inner = tie('expression')
  return {
    expression: fc.oneof(
      { depthSize: 'small', withCrossShrink: true },
      fc.constantFrom('1', '2.5', '"s"', "'t'", 'null', 'true', 'std', '[]', '{}', '|||\n  text\n|||'),
      name.map((x) => `local ${x} = 1; ${x}`),
      fc
        .tuple(inner, fc.constantFrom('+', '-', '*', '==', '<', '&&', '||', '&', '<<', '%', 'in'), inner)
        .map(([a, op, b]) => `(${a}) ${op} (${b})`),
      fc.tuple(fc.constantFrom('-', '!', '~', '+'), inner).map(([op, a]) => `${op} (${a})`),
      fc.tuple(inner, inner, inner).map(([a, b, c]) => `if ${a} then ${b} else ${c}`),
      fc.tuple(name, inner, inner).map(([x, a, b]) => `local ${x} = ${a}, f(${x}, y=${a}) = ${x}; ${b}`),
      fc
        .tuple(name, inner, inner)
        .map(([x, a, b]) => `{ ${x}: ${a}, ["z" + 1]+:: ${b}, local l = 1, assert true : "m" }`),
      fc.tuple(name, inner, inner).map(([x, a, b]) => `[${a} for ${x} in [${b}] if ${x} == 1]`),
      fc.tuple(name, inner).map(([x, a]) => `{ [${x}]: ${a} for ${x} in ["k"] }`),
      fc.tuple(inner, inner).map(([a, b]) => `(${a})[${b}]`),
      fc.tuple(inner, inner, inner).map(([a, b, c]) => `(${a})[${b}:${c}]`),
      fc.tuple(name, inner, inner).map(([x, a, b]) => `(function(${x}, y=1) ${a})(${b}, y=2) tailstrict`),
      fc.tuple(inner, inner).map(([a, b]) => `assert ${a} : "m"; ${b}`),
      fc
        .tuple(inner, name)
        .map(([a, x]) => `({ a: 1 } + { b: super.a, c: self.${x}, d: "a" in super, e: $.a, f: ${a} }).${x}`),
      inner.map((a) => `error ${a}`),
    ),
  }
})

/** A tree without its offsets. */
function shape(node: Node): unknown {
  return JSON.parse(JSON.stringify(node, (key, value) => (key === 'start' || key === 'end' ? undefined : value)))
}

test('what is parsed, printed and parsed again is the same', () => {
  fc.assert(
    fc.property(expression, (source) => {
      const first = parse(new Source('first', source))
      const printed = printNode(first)
      expect(shape(parse(new Source('printed', printed)))).toEqual(shape(first))
    }),
    { numRuns: 300 },
  )
})

test('JSON goes in and equal JSON comes out', () => {
  fc.assert(
    fc.property(json, (value) => {
      expect(resultOf(JSON.stringify(value))).toEqual(value)
      expect(
        resultOf('std.parseJson(std.extVar("x"))', { externalVariables: { x: { text: JSON.stringify(value) } } }),
      ).toEqual(value)
    }),
  )
})

test('JSON survives each of the ways to write and read it inside a program', () => {
  const ways = ['std.toString', 'std.manifestJson', 'std.manifestJsonMinified']
  fc.assert(
    fc.property(json, (value) => {
      const program = `local v = ${JSON.stringify(value)}; [std.parseJson(std.manifestJsonEx(v, " ")), std.parseJson(${ways.map((way) => `${way}([v])`).join('), std.parseJson(')})]`
      expect(resultOf(program)).toEqual([value, ...ways.map(() => [value])])
    }),
  )
})

test('an unused error is never raised', () => {
  fc.assert(
    fc.property(json, name, (value, unused) => {
      const text = JSON.stringify(value)
      const source = `local ${unused} = error "used"; local f(x, y=error "used") = x; f({ r: ${text}, h:: ${unused} }, ${unused}).r`
      expect(resultOf(source)).toEqual(value)
    }),
  )
})

test('the order of strings is that of their code points', () => {
  fc.assert(
    fc.property(fc.string({ unit: 'binary' }), fc.string({ unit: 'binary' }), (a, b) => {
      const points = [[...a], [...b]].map((text) => text.map((c) => c.codePointAt(0) ?? 0))
      const expected = resultOf(`${JSON.stringify(points[0])} < ${JSON.stringify(points[1])}`)
      const externalVariables = { a: { text: a }, b: { text: b } }
      expect(resultOf('std.extVar("a") < std.extVar("b")', { externalVariables })).toBe(expected)
    }),
  )
})

test('any text is a value or a located error, never a crash', () => {
  const piece = fc.oneof(
    fc.constantFrom(
      '{',
      '}',
      '[',
      ']',
      '(',
      ')',
      ',',
      ':',
      '::',
      '+:',
      ';',
      '=',
      '"',
      "'",
      '|||\n',
      '@',
      '$',
      '.',
      '/*',
      '#',
      '\n',
      ' ',
    ),
    fc.constantFrom(
      'local',
      'if',
      'then',
      'else',
      'for',
      'in',
      'function',
      'super',
      'self',
      'error',
      'assert',
      'import',
      'tailstrict',
      'std.map',
      'x',
      '1',
      '1e',
      '\\u',
    ),
    fc.string({ maxLength: 3 }),
  )
  fc.assert(
    fc.property(fc.array(piece, { maxLength: 30 }), (pieces) => {
      const result = evaluate(pieces.join(''), { fileName: 'fuzz', limits: { timeMs: 500, outputBytes: 1 << 20 } })
      if (!result.ok) expect(result.error.position).toBeDefined()
    }),
    { numRuns: 1000 },
  )
})

test('any program of the grammar is a value or a located error, within its limits', () => {
  fc.assert(
    fc.property(expression, (source) => {
      const result = evaluate(source, {
        fileName: 'fuzz',
        limits: { timeMs: 500, outputBytes: 1 << 20 },
        positions: true,
      })
      if (!result.ok) expect(result.error.position, result.error.firstLine).toBeDefined()
    }),
    { numRuns: 500 },
  )
})

import { expect, test } from 'vitest'
import { evaluate } from '../../src/jsonnet/index.ts'
import { checkErrors, checkValues, errorOf, resultOf } from './check.ts'

test('literals are what JSON has, and numbers may have underscores', () => {
  checkValues([
    ['null', null],
    ['true', true],
    ['1_000.5e-1_0', 1000.5e-10],
    ['1_0_0', 100],
    ['[]', []],
    ['{}', {}],
    [`"tab\\t \\u00e9 \\ud83d\\ude00 \\/ \\' end"`, "tab\t é 😀 / ' end"],
    ['\'say "hi"\'', 'say "hi"'],
    [`@"c:\\dir ""quoted"""`, 'c:\\dir "quoted"'],
    ["@'it''s \\n'", "it's \\n"],
  ])
})

test('text blocks lose their indentation, and their last line end with |||-', () => {
  checkValues([
    ['|||\n  one\n    two\n\n  three\n|||', 'one\n  two\n\nthree\n'],
    ['|||-\n\tone\n\ttwo\n|||', 'one\ntwo'],
    ['{ a: |||\n    x\n  |||, b: 1 }', { a: 'x\n', b: 1 }],
    ['|||\n\n  after a blank line\n|||', '\nafter a blank line\n'],
  ])
  checkErrors([
    ['||| x\n|||', 'test:1:1 Text block requires new line after |||.'],
    ['|||\nx\n|||', "test:1:1 Text block's first line must start with whitespace"],
    ['|||\n  x\n y', 'test:1:1 Text block not terminated with |||'],
    ['|||\n  x', 'test:1:1 Unexpected EOF'],
  ])
})

test('comments of all three kinds are skipped', () => {
  checkValues([['// a\n# b\n/* c\n */ 1 /**/ + /* d */ 2 // e', 3]])
  checkErrors([['1 /* ', 'test:1:3 Multi-line comment has no terminating */']])
})

test('operators have the precedence of the specification', () => {
  checkValues([
    ['1 + 2 * 3 - 4 / 2', 5],
    ['2 + 3 << 1', 10],
    ['1 | 6 & 3 ^ 1', 3],
    ['1 < 2 == true', true],
    ['true || false && false', true],
    ['!true == false', true],
    ['-2 * -3', 6],
    ['~1 & 7', 6],
    ['1 == 1 && 2 != 1', true],
    ['"a" in { a: 1 } == true', true],
    ['10 % 4 * 3', 6],
    ['1 + 2 & 2', 2],
    ['- - 3', 3],
    ['1 - 1 - 1', -1],
    ['if true then 1 + 1 else 5 + 5', 2],
    ['{ a: 1 } { b: self.a } + { c: 2 } == { a: 1, b: 1, c: 2 }', true],
  ])
})

test('+ adds, joins and extends; one string makes the other side a string', () => {
  checkValues([
    ['"a" + 1 + null', 'a1null'],
    ['[1] + "x"', '[1]x'],
    ['"x" + { b: [], a: { } }', 'x{"a": { }, "b": [ ]}'],
    ['[1] + [2, 3]', [1, 2, 3]],
    ['{ a: 1, b: 2 } + { b: 3 }', { a: 1, b: 3 }],
  ])
  checkErrors([
    ['1 + true', 'RUNTIME ERROR: Unexpected type boolean, expected number'],
    ['{} + 1', 'RUNTIME ERROR: Unexpected type number, expected object'],
    ['[] + 1', 'RUNTIME ERROR: Unexpected type number, expected array'],
    ['null + null', 'RUNTIME ERROR: Unexpected type null'],
    ['1e308 + 1e308', 'RUNTIME ERROR: Overflow'],
  ])
})

test('arithmetic and bit operators refuse what has no result', () => {
  checkValues([
    ['7 % -3', 1],
    ['-7 % 3', -1],
    ['5 & 3', 1],
    ['5 | 3', 7],
    ['5 ^ 3', 6],
    ['1 << 62', 2 ** 62],
    ['1 << 63', -(2 ** 63)],
    ['-16 >> 2', -4],
    ['~0', -1],
    ['5.9 & 7.9', 5],
  ])
  checkErrors([
    ['1 / 0', 'RUNTIME ERROR: Division by zero.'],
    ['1 % 0', 'RUNTIME ERROR: Division by zero.'],
    ['1 << -1', 'RUNTIME ERROR: Shift by negative exponent.'],
    [
      '1 & 1e19',
      'RUNTIME ERROR: Bitwise operator argument 1e+19 outside of range [-9223372036854775808, 9223372036854775807]',
    ],
    ['!1', 'RUNTIME ERROR: Unexpected type number, expected boolean'],
    ['[] % 1', 'RUNTIME ERROR: Operator % cannot be used on types array and number.'],
  ])
})

test('equality is deep, order is of numbers, strings and arrays', () => {
  checkValues([
    ['{ a: [1, { b: 2 }], c:: 3 } == { a: [1, { b: 2 }] }', true],
    ['1 == "1"', false],
    ['[1, 2] < [1, 3]', true],
    ['[1] < [1, 0]', true],
    ['"\\uffff" < "😀"', true],
    ['"b" >= "a"', true],
  ])
  checkErrors([
    ['(function(x) x) == (function(x) x)', 'RUNTIME ERROR: Cannot test equality of functions'],
    ['{} < {}', 'RUNTIME ERROR: Unexpected type object'],
    ['1 < "a"', 'RUNTIME ERROR: Unexpected type string, expected number'],
  ])
})

test('locals see each other, themselves and what is around them', () => {
  checkValues([
    ['local a = b + 1, b = 2; a', 3],
    ['local f(n) = if n < 2 then n else f(n - 1) + f(n - 2); f(15)', 610],
    ['local x = 1; local x = 2; x', 2],
    ['local x = 1; [local x = 2; x, x]', [2, 1]],
    ['local a = [b, 1], b = a[1]; a', [1, 1]],
  ])
  checkErrors([
    ['local a = 1, a = 2; a', 'test:1:14-15 Duplicate local var: a'],
    ['local a = b; a', 'test:1:11-12 Unknown variable: b'],
    ['local a = a; a', 'RUNTIME ERROR: max stack frames exceeded.'],
  ])
})

test('functions take arguments by place, by name and by default', () => {
  checkValues([
    ['(function(a, b=a + 1, c=b) [a, b, c])(1)', [1, 2, 2]],
    ['(function(a, b=2) [a, b])(b=3, a=1)', [1, 3]],
    ['(function(a, b=2) [a, b])(1, b=3)', [1, 3]],
    ['(function(a=b, b=[1]) a)()', [1]],
    ['(function(x) function(y) x + y)(1)(2)', 3],
    ['(function(a,) a)(1,)', 1],
    ['{ f(x, y=2):: x + y, r: self.f(1) }', { r: 3 }],
    ['local f(x) = 1; f(error "never")', 1],
  ])
  checkErrors([
    ['(function(a) a)()', 'RUNTIME ERROR: Missing argument: a'],
    ['(function(a) a)(1, 2)', 'RUNTIME ERROR: function expected 1 positional argument(s), but got 2'],
    ['(function(a) a)(b=1)', 'RUNTIME ERROR: function has no parameter b'],
    ['(function(a) a)(1, a=1)', 'RUNTIME ERROR: Argument a already provided'],
    ['function(a, a) a', 'test:1:13-14 Duplicate function parameter: a'],
    ['function(a, 1) a', 'test:1:13-14 Expected simple identifier but got a complex expression'],
    ['f(a=1, 2)', 'test:1:8-9 Positional argument after a named argument is not allowed'],
    ['1(2)', 'RUNTIME ERROR: Unexpected type number, expected function'],
  ])
})

test('tailstrict evaluates arguments first and gives up the frame', () => {
  checkValues([
    ['local f(n, a) = if n == 0 then a else f(n - 1, a + n) tailstrict; f(20000, 0)', 200010000],
    ['local f(n) = if n == 0 then 0 else 1 + f(n - 1) tailstrict; f(300) ', 300],
  ])
  checkErrors([
    ['local f(x) = 1; f(error "now") tailstrict', 'RUNTIME ERROR: now'],
    ['local f(n) = f(n + 1); f(0)', 'RUNTIME ERROR: max stack frames exceeded.'],
    ['local f(n) = 1 + f(n + 1); f(0)', 'RUNTIME ERROR: max stack frames exceeded.'],
  ])
})

test('nothing is evaluated before it is needed, and then only once', () => {
  const lines: string[] = []
  const trace = (line: string) => lines.push(line)
  expect(resultOf('local x = std.trace("once", 1); [x, x, { a: x }.a]', { trace })).toEqual([1, 1, 1])
  expect(lines).toEqual(['TRACE: test:1 once'])
  checkValues([
    ['{ a:: error "x", b: 1 }', { b: 1 }],
    ['[error "x", 1][1]', 1],
    ['false && error "x"', false],
    ['true || error "x"', true],
    ['if true then 1 else error "x"', 1],
    ['local x = error "x"; 1', 1],
    ['std.length([error "x"])', 1],
    ['local o = { assert false, a: 1 }; 1', 1],
  ])
})

test('objects have visible, hidden and forced fields, computed names and locals', () => {
  checkValues([
    ['{ a: 1, "b c": 2, ["d" + 1]: 3, e:: 4, f::: 5 }', { a: 1, 'b c': 2, d1: 3, f: 5 }],
    ['{ [null]: 1, a: 2 }', { a: 2 }],
    ['{ local x = self.a + y, local y = 1, a: 1, b: x }', { a: 1, b: 2 }],
    ['{ a:: 1 } + { a: 2 }', {}],
    ['{ a: 1 } + { a:: 2 }', {}],
    ['{ a:: 1 } + { a::: 2 }', { a: 2 }],
    ['{ f(x): x }.f(3)', 3],
    ['{ |||\n  key\n|||: 1 }', { 'key\n': 1 }],
    ['{ a: 1, b: { c: $.a } }', { a: 1, b: { c: 1 } }],
    ['{ a: $.b, b: 2 } + { b: 3 }', { a: 3, b: 3 }],
  ])
  checkErrors([
    ['{ a: 1, a: 2 }', 'test:1:9-10 Duplicate field: a'],
    ['{ ["a"]: 1, ["a"]: 2 }', 'RUNTIME ERROR: Duplicate field name: "a"'],
    ['{ [1]: 1 }', 'RUNTIME ERROR: Field name must be string, got number'],
    ['{ a: 1 }.b', 'RUNTIME ERROR: Field does not exist: b'],
    ['{ a(x)+: 1 }', 'test:1:3-4 Cannot use +: syntax sugar in a method: a'],
    ['{ a = 1 }', 'test:1:5-6 Expected one of :, ::, :::, +:, +::, +:::, got: ='],
    ['self.a', "test:1:1-5 Can't use self outside of an object"],
    ['$.a', 'test:1:1-2 No top-level object found'],
    ['super.a', "test:1:1-8 Can't use super outside of an object"],
    ['{ local a = 1, local a = 2 }', 'test:1:22-23 Duplicate local var: a'],
  ])
})

test('inheritance looks self up last and super from its own layer', () => {
  checkValues([
    ['{ a: 1, b: self.a } + { a: 2 }', { a: 2, b: 2 }],
    ['{ a: 1 } + { a: super.a + 1 } + { a: super.a + 1 }', { a: 3 }],
    ['({ a: 1 } + { b: super.a }) + { a: 5 }', { a: 5, b: 1 }],
    ['{ a: [1], b: { c: 1 } } + { a+: [2], b+: { d: 2 } }', { a: [1, 2], b: { c: 1, d: 2 } }],
    ['{} + { a+: [2] }', { a: [2] }],
    ['{ a: 1 } { b: "a" in super, c: "x" in super, d: "a" in self }', { a: 1, b: true, c: false, d: true }],
    ['{ a:: 1 } + { a+: 1 }', {}],
    ['{ a+:: 1, b: self.a }', { b: 1 }],
    ['local base = { x: 1, y: { z: super_x }, local super_x = self.x }; base { x: 2 }', { x: 2, y: { z: 2 } }],
  ])
  checkErrors([
    ['{ a: super.a }', 'RUNTIME ERROR: Attempt to use super when there is no super class.'],
    ['{ b: 1 } + { a: super.a }', 'RUNTIME ERROR: Field does not exist: a'],
  ])
})

test('assertions of expressions and of all layers of an object are checked', () => {
  checkValues([
    ['assert 1 < 2; 3', 3],
    ['{ assert self.a == 1, a: 1 }', { a: 1 }],
    ['{ assert self.a == 2, a: 1 } + { a: 2 }', { a: 2 }],
  ])
  checkErrors([
    ['assert false; 1', 'RUNTIME ERROR: Assertion failed'],
    ['assert false : "why " + 1; 1', 'RUNTIME ERROR: why 1'],
    ['assert 1; 1', 'RUNTIME ERROR: Unexpected type number, expected boolean'],
    ['{ assert false, a: 1 }.a', 'RUNTIME ERROR: Object assertion failed.'],
    ['{ assert self.a > 0 : "positive", a: -1 }', 'RUNTIME ERROR: positive'],
    ['{ assert false : "left" } + { assert false : "right" }', 'RUNTIME ERROR: right'],
  ])
})

test('comprehensions nest, filter and name fields', () => {
  checkValues([
    ['[x * 2 for x in [1, 2, 3] if x != 2]', [2, 6]],
    [
      '[[x, y] for x in [1, 2] for y in [x, 3]]',
      [
        [1, 1],
        [1, 3],
        [2, 2],
        [2, 3],
      ],
    ],
    ['[x for x in [1, 2, 3] if x > 1 if x < 3]', [2]],
    ['[function() x for x in [1, 2]][0]()', 1],
    ['[x, for x in [1, 2]]', [1, 2]],
    ['{ [k]: std.length(k) for k in ["a", "bb"] }', { a: 1, bb: 2 }],
    ['{ local n = k + "!", [k]: n for k in ["a"] }', { a: 'a!' }],
    ['{ [k]: self.b for k in ["a"] } + { b: 2 }', { a: 2, b: 2 }],
    ['{ [k]: 1 for k in ["a", null] }', { a: 1 }],
    ['local n = 2; [local y = x + n; y for x in [1, 2]]', [3, 4]],
  ])
  checkErrors([
    ['[x for x in 1]', 'RUNTIME ERROR: std.flatMap second param must be array / string, got number'],
    ['[x for x in [1] if 1]', 'RUNTIME ERROR: Unexpected type number, expected boolean'],
    ['{ [x]: 1 for x in ["a", "a"] }', 'RUNTIME ERROR: Duplicate field name: "a"'],
    ['{ a: 1 for x in [] }', 'test:1:8-11 Object comprehensions can only have [e] fields'],
    ['{ ["a"]:: 1 for x in [] }', 'test:1:13-16 Object comprehensions cannot have hidden fields'],
    ['{ ["a"]: 1, ["b"]: 2 for x in [] }', 'test:1:22-25 Object comprehension can only have one field'],
  ])
})

test('indexing and slicing', () => {
  checkValues([
    ['[1, 2, 3][1.7]', 2],
    ['"añ😀b"[2]', '😀'],
    ['{ "a b": 1 }["a b"]', 1],
    ['[0, 1, 2, 3, 4, 5][1:5:2]', [1, 3]],
    ['[0, 1, 2, 3][-2:]', [2, 3]],
    ['"hello"[:-1]', 'hell'],
    ['"hello"[::2]', 'hlo'],
    ['"añ😀b"[1:3]', 'ñ😀'],
    ['[1, 2][5:]', []],
    ['[1, 2, 3][2:1]', []],
  ])
  checkErrors([
    ['[1][1]', 'RUNTIME ERROR: Index 1 out of bounds, not within [0, 1)'],
    ['[1][-1]', 'RUNTIME ERROR: Index -1 out of bounds, not within [0, 1)'],
    ['"a"[1]', 'RUNTIME ERROR: Index 1 out of bounds, not within [0, 1)'],
    ['[1]["a"]', 'RUNTIME ERROR: Unexpected type string, expected number'],
    ['{}[1]', 'RUNTIME ERROR: Unexpected type number, expected string'],
    ['1[0]', 'RUNTIME ERROR: Value non indexable: number'],
    ['[1][::0]', 'RUNTIME ERROR: got 0 but step must be greater than 0'],
    ['[1][]', 'test:1:5-6 ast.Index requires an expression'],
    ['[1][1:2:3:4]', 'test:1:10-11 Invalid slice: too many colons'],
  ])
})

test('error takes any value as its message', () => {
  checkErrors([
    ['error "x"', 'RUNTIME ERROR: x'],
    ['error { a: 1 }', 'RUNTIME ERROR: {"a": 1}'],
    ['error 1 + 1', 'RUNTIME ERROR: 2'],
  ])
})

test('malformed programs are refused with the place', () => {
  checkErrors([
    ['', 'test:1:1 Unexpected end of file'],
    ['1 2', 'test:1:3-4 Did not expect: (NUMBER, "2")'],
    ['(1', 'test:1:3 Expected token ")" but got end of file'],
    ['[1 2]', 'test:1:4-5 Expected a comma before next array element'],
    ['{ a: 1 b: 2 }', 'test:1:8-9 Expected a comma before next field'],
    ['{ if: 1 }', 'test:1:3-5 Unexpected: "if" while parsing field definition'],
    ['if 1 2', 'test:1:6-7 Expected token then but got (NUMBER, "2")'],
    ['local x = 1', 'test:1:12 Expected , or ; but got end of file'],
    ['local x: 1; x', 'test:1:8-9 Expected operator = but got (OPERATOR, ":")'],
    ['1 ~ 2', 'test:1:3-4 Not a binary operator: ~'],
    ['* 2', 'test:1:1-2 Not a unary operator: *'],
    ['"abc', 'test:1:1 Unterminated String'],
    ['"\\x"', 'test:1:1-5 Unknown escape sequence in string literal: \\x'],
    ['"\\u12"', 'test:1:1-7 Truncated unicode escape sequence in string literal'],
    ['"\\ud800"', 'test:1:1-9 Truncated unicode surrogate pair escape sequence in string literal'],
    ['1.', "test:1:3 Couldn't lex number, junk after decimal point: '\\ufffd'"],
    ['1e', "test:1:3 Couldn't lex number, junk after 'E': '\\ufffd'"],
    ['1__0', "test:1:3 Couldn't lex number, multiple consecutive _'s"],
    ['a é', "test:1:3 Could not lex the character '\\u00e9'"],
    ['super', 'test:1:1-6 Expected . or [ after super'],
    ['import "a" + "b"', 'test:1:8-17 Computed imports are not allowed'],
    ['import |||\n  a\n|||', 'test:(1:8)-(3:4) Block string literals not allowed in imports'],
  ])
})

test('std can be shadowed, extended and passed around', () => {
  checkValues([
    ['local std = { length(x): 42 }; std.length("a")', 42],
    ['(std + { twice(x): x * 2 }).twice(std.abs(-2))', 4],
    ['local s = std; s.length("abc")', 3],
    ['std.type(std)', 'object'],
    ['std.toString(a="x")', 'x'],
    ['std.thisFile', 'test'],
    ['std.map(std.length, ["a", "bb"])', [1, 2]],
  ])
})

test('numbers are printed as go-jsonnet prints them', () => {
  const text = evaluate('[0.1, 1e21, 1e-7, 1.5, -0, 123456789012345680000]')
  expect(text.ok && text.text).toBe(
    '[\n   0.10000000000000001,\n   1000000000000000000000,\n   9.9999999999999995e-08,\n   1.5,\n   -0,\n   123456789012345683968\n]\n',
  )
})

test('what cannot be JSON is an error that names where it comes from', () => {
  const error = errorOf('{ a: {\n  b: function(x) x } }')
  expect(error.firstLine).toBe("RUNTIME ERROR: couldn't manifest function as JSON")
  expect(error.position).toEqual({ file: 'test', line: 2, column: 3 })
})

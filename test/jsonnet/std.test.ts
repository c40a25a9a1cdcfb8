import { readFileSync } from 'node:fs'
import { expect, test } from 'vitest'
import { standardLibrary } from '../../src/jsonnet/std/library.ts'
import { checkErrors, checkValues } from './check.ts'

test('types', () => {
  checkValues([
    [
      '[std.type(x) for x in [null, true, 1, "a", [], {}, function() 1]]',
      ['null', 'boolean', 'number', 'string', 'array', 'object', 'function'],
    ],
    [
      '[std.isString("a"), std.isNumber(1), std.isBoolean(false), std.isObject({}), std.isArray([]), std.isFunction(std.id)]',
      [true, true, true, true, true, true],
    ],
    ['std.isString(1)', false],
    [
      '[std.length("añ😀"), std.length([1, 2]), std.length({ a: 1, b:: 2 }), std.length(function(a, b=1) a)]',
      [3, 2, 1, 1],
    ],
    ['std.toString([1, "a", { b: null }])', '[1, "a", {"b": null}]'],
    ['std.equals([1], [1]) && !std.primitiveEquals(1, 2)', true],
    ['std.assertEqual(1, 1)', true],
    [
      '[std.__compare(1, 2), std.__compare_array([2], [1]), std.__array_less([1], [2]), std.__array_greater([1], [2]), std.__array_less_or_equal([1], [1]), std.__array_greater_or_equal([1], [2])]',
      [-1, 1, true, false, true, false],
    ],
  ])
  checkErrors([
    ['std.length(1)', 'RUNTIME ERROR: Unexpected type number'],
    ['std.assertEqual("a", 1)', 'RUNTIME ERROR: Assertion failed. "a" != 1'],
    ['std.__compare(true, false)', 'RUNTIME ERROR: Values of type boolean are not comparable.'],
    ['std.primitiveEquals([], [])', 'RUNTIME ERROR: primitiveEquals operates on primitive types, got array'],
  ])
})

test('mathematics', () => {
  checkValues([
    ['[std.abs(-2), std.sign(-3), std.max(1, 2), std.min(1, 2), std.clamp(5, 1, 3)]', [2, -1, 2, 1, 3]],
    [
      '[std.pow(2, 10), std.pow(2, -1), std.pow(4, 0.5), std.exp(0), std.log(1), std.log2(8), std.log10(100)]',
      [1024, 0.5, 2, 1, 0, 3, 2],
    ],
    [
      '[std.sqrt(9), std.hypot(3, 4), std.floor(1.5), std.ceil(1.5), std.round(2.5), std.round(-2.5), std.round(0.4)]',
      [3, 5, 1, 2, 3, -3, 0],
    ],
    [
      '[std.sin(0), std.cos(0), std.tan(0), std.asin(0), std.acos(1), std.atan(0), std.atan2(0, 1)]',
      [0, 1, 0, 0, 0, 0, 0],
    ],
    ['[std.deg2rad(180) == std.pi, std.rad2deg(std.pi)]', [true, 180]],
    ['[std.mantissa(8), std.exponent(8), std.mantissa(0), std.exponent(0)]', [0.5, 4, 0, 0]],
    ['[std.mod(7, 3), std.modulo(-7, 3), std.mod("%d", 3)]', [1, -1, '3']],
    ['[std.isEven(4), std.isOdd(3), std.isInteger(1.5), std.isDecimal(1.5)]', [true, true, false, true]],
    ['[std.xor(true, false), std.xnor(true, false)]', [true, false]],
    ['[std.sum([1, 2, 3]), std.avg([1, 2, 3])]', [6, 2]],
    ['[std.minArray([3, 1, 2]), std.maxArray(["a", "bb"], std.length), std.minArray([], onEmpty=0)]', [1, 'bb', 0]],
  ])
  checkErrors([
    ['std.sqrt(-1)', 'RUNTIME ERROR: Not a number'],
    ['std.log(0)', 'RUNTIME ERROR: Overflow'],
    ['std.abs("a")', 'RUNTIME ERROR: std.abs expected number, got string'],
    ['std.max(1, "a")', 'RUNTIME ERROR: std.max second param expected number, got string'],
    ['std.avg([])', 'RUNTIME ERROR: Cannot calculate average of an empty array.'],
    ['std.maxArray([])', 'RUNTIME ERROR: Expected at least one element in array. Got none'],
  ])
})

test('strings', () => {
  checkValues([
    [
      '[std.codepoint("A"), std.char(128512), std.substr("añ😀b", 1, 2), std.substr("abc", 5, 1)]',
      [65, '😀', 'ñ😀', ''],
    ],
    ['[std.startsWith("abc", "ab"), std.endsWith("abc", "bc"), std.startsWith("a", "ab")]', [true, true, false]],
    [
      '[std.stripChars(" a ", " "), std.lstripChars("aab", "a"), std.rstripChars("baa", ["a"]), std.trim("\\n\\t a \\n")]',
      ['a', 'b', 'b', 'a'],
    ],
    [
      '[std.split("a,b,,c", ","), std.splitLimit("a,b,c", ",", 1), std.splitLimitR("a,b,c", ",", 1), std.splitLimit("a,b", ",", -1)]',
      [
        ['a', 'b', '', 'c'],
        ['a', 'b,c'],
        ['a,b', 'c'],
        ['a', 'b'],
      ],
    ],
    [
      '[std.strReplace("aXbX", "X", "--"), std.asciiUpper("aé"), std.asciiLower("AÉ"), std.stringChars("a😀")]',
      ['a--b--', 'Aé', 'aÉ', ['a', '😀']],
    ],
    [
      '[std.isEmpty(""), std.equalsIgnoreCase("Foo", "fOO"), std.findSubstr("aa", "aaaa"), std.findSubstr("b", "😀b")]',
      [true, true, [0, 1, 2], [1]],
    ],
    [
      '[std.join(", ", ["a", null, "b"]), std.join([0], [[1], [2]]), std.lines(["a", "b"]), std.deepJoin(["a", ["b", ["c"]]])]',
      ['a, b', [1, 0, 2], 'a\nb\n', 'abc'],
    ],
    ['[std.repeat("ab", 2), std.resolvePath("a/b/c", "d"), std.format("%s!", "a")]', ['abab', 'a/b/d', 'a!']],
  ])
  checkErrors([
    ['std.codepoint("ab")', 'RUNTIME ERROR: codepoint takes a string of length 1, got length 2'],
    ['std.char(-1)', 'RUNTIME ERROR: Codepoints must be >= 0, got -1'],
    ['std.split("a", "")', 'RUNTIME ERROR: std.split second parameter must have length 1 or greater, got 0'],
    [
      'std.splitLimit("a", "b", -2)',
      'RUNTIME ERROR: std.splitLimit third parameter should be -1 or non-negative, got -2',
    ],
    ['std.strReplace("a", "", "b")', "RUNTIME ERROR: 'from' string must not be zero length."],
    ['std.repeat(1, 2)', 'RUNTIME ERROR: std.repeat first argument must be an array or a string'],
  ])
})

test('escapes for other languages', () => {
  checkValues([
    ['std.escapeStringJson("a\\"\\u0001\\n")', '"a\\"\\u0001\\n"'],
    ['std.escapeStringPython("a\'b")', '"a\'b"'],
    [`std.escapeStringBash("it's")`, `'it'"'"'s'`],
    ['std.escapeStringDollars("$a")', '$$a'],
    [`std.escapeStringXML("<a b='c'>&\\"")`, '&lt;a b=&apos;c&apos;&gt;&amp;&quot;'],
  ])
})

test('arrays', () => {
  checkValues([
    ['std.makeArray(3, function(i) i * i)', [0, 1, 4]],
    [
      '[std.range(2, 4), std.range(1, 0), std.repeat([1, 2], 2), std.slice([1, 2, 3, 4], 0, 4, 2)]',
      [[2, 3, 4], [], [1, 2, 1, 2], [1, 3]],
    ],
    [
      '[std.map(function(x) x + 1, [1]), std.map(function(c) c, "ab"), std.mapWithIndex(function(i, x) [i, x], ["a"])]',
      [[2], ['a', 'b'], [[0, 'a']]],
    ],
    ['[std.filter(function(x) x > 1, [1, 2]), std.filterMap(function(x) x > 1, function(x) -x, [1, 2])]', [[2], [-2]]],
    ['[std.flatMap(function(x) [x, x], [1, 2]), std.flatMap(function(c) c + c, "ab")]', [[1, 1, 2, 2], 'aabb']],
    [
      '[std.flattenArrays([[1], [2, 3]]), std.flattenDeepArray([1, [2, [3, []]]])]',
      [
        [1, 2, 3],
        [1, 2, 3],
      ],
    ],
    [
      '[std.reverse([1, 2]), std.member([1], 1), std.member("abc", "b"), std.contains([1], 2), std.count([1, 1, 2], 1), std.find(1, [1, 2, 1])]',
      [[2, 1], true, true, false, 2, [0, 2]],
    ],
    [
      '[std.remove([1, 2, 1], 1), std.removeAt([1, 2, 3], 1)]',
      [
        [2, 1],
        [1, 3],
      ],
    ],
    ['[std.foldl(function(a, x) a + x, ["b", "c"], "a"), std.foldr(function(x, a) a + x, "bc", "a")]', ['abc', 'acb']],
    ['[std.all([true, false]), std.any([true, false]), std.all([]), std.any([])]', [false, true, true, false]],
    ['std.length(std.map(function(x) error "lazy", [1, 2]))', 2],
  ])
  checkErrors([
    ['std.makeArray(1.5, std.id)', 'RUNTIME ERROR: Expected an integer, but got 1.5'],
    ['std.map(1, [])', 'RUNTIME ERROR: std.map first param must be function, got number'],
    ['std.removeAt([1], 1)', 'RUNTIME ERROR: Index 1 out of bounds, not within [0, 1)'],
    ['std.any([1])', 'RUNTIME ERROR: element "1" of type number is not a boolean'],
    ['std.foldl(std.id, 1, 1)', 'RUNTIME ERROR: foldl second parameter should be string or array, got number'],
  ])
})

test('sorting is stable, and sets are sorted without duplicates', () => {
  checkValues([
    ['std.sort([3, 1, 2])', [1, 2, 3]],
    ['std.sort(["b1", "a1", "b0"], function(s) s[0])', ['a1', 'b1', 'b0']],
    ['std.sort([[2], [1, 5], [1]])', [[1], [1, 5], [2]]],
    [
      '[std.uniq([1, 1, 2, 1]), std.set([2, 1, 2]), std.set(["bb", "a", "cc"], std.length)]',
      [
        [1, 2, 1],
        [1, 2],
        ['a', 'bb'],
      ],
    ],
    [
      '[std.setUnion([1, 3], [2, 3]), std.setInter([1, 2], [2, 3]), std.setDiff([1, 2], [2]), std.setMember(2, [1, 2])]',
      [[1, 2, 3], [2], [1], true],
    ],
    ['std.setUnion([{ k: 1, v: "a" }], [{ k: 1, v: "b" }], function(x) x.k)', [{ k: 1, v: 'a' }]],
  ])
  checkErrors([['std.sort(["a", 1])', 'RUNTIME ERROR: Unexpected type string, expected number']])
})

test('objects', () => {
  const object = '{ b: 1, a:: 2, c::: 3 }'
  checkValues([
    [
      `[std.objectFields(${object}), std.objectFieldsAll(${object}), std.objectFieldsEx(${object}, true)]`,
      [
        ['b', 'c'],
        ['a', 'b', 'c'],
        ['a', 'b', 'c'],
      ],
    ],
    [
      `[std.objectHas(${object}, "a"), std.objectHasAll(${object}, "a"), std.objectHasEx(${object}, "a", false)]`,
      [false, true, false],
    ],
    [
      `[std.objectValues(${object}), std.objectValuesAll(${object})]`,
      [
        [1, 3],
        [2, 1, 3],
      ],
    ],
    [
      'std.objectKeysValues({ a: 1 }) + std.objectKeysValuesAll({ b:: 2 })',
      [
        { key: 'a', value: 1 },
        { key: 'b', value: 2 },
      ],
    ],
    ['std.objectRemoveKey({ a: 1, b: 2 } + { a: 3 }, "a")', { b: 2 }],
    [
      '[std.get({ a: 1 }, "a"), std.get({}, "a"), std.get({}, "a", 5), std.get({ a:: 1 }, "a", 5, false)]',
      [1, null, 5, 5],
    ],
    ['std.get({ a: 1 }, "a", error "lazy")', 1],
    ['std.mapWithKey(function(k, v) k + v, { a: 1 })', { a: 'a1' }],
    ['std.mergePatch({ a: { b: 1, c: 2 }, d: 3 }, { a: { b: null }, d: null, e: 4 })', { a: { c: 2 }, e: 4 }],
    ['std.prune({ a: [null, {}, [1, []]], b: {}, c: "" })', { a: [[1]], c: '' }],
  ])
})

test('hashes and encodings', () => {
  checkValues([
    ['std.md5("")', 'd41d8cd98f00b204e9800998ecf8427e'],
    ['std.sha1("")', 'da39a3ee5e6b4b0d3255bfef95601890afd80709'],
    ['std.sha256("")', 'e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855'],
    ['std.substr(std.sha512(""), 0, 16)', 'cf83e1357eefb8bd'],
    ['std.substr(std.sha3(""), 0, 16)', 'a69f73cca23a9ac5'],
    [
      '[std.base64("Hello"), std.base64([1, 2]), std.base64Decode("SGVsbG8="), std.base64DecodeBytes("AQI=")]',
      ['SGVsbG8=', 'AQI=', 'Hello', [1, 2]],
    ],
    ['[std.encodeUTF8("é"), std.decodeUTF8([195, 169])]', [[195, 169], 'é']],
  ])
  checkErrors([
    [
      'std.base64([256])',
      'RUNTIME ERROR: base64 encountered invalid codepoint value in the array (must be 0 <= X <= 255), got 256',
    ],
    [
      'std.base64Decode("abc")',
      'RUNTIME ERROR: input string appears not to be a base64 encoded string. Wrong length found (3)',
    ],
    ['std.decodeUTF8([300])', 'RUNTIME ERROR: Bytes must be integers in range [0, 255], got 300'],
  ])
})

test('parsing', () => {
  checkValues([
    ['[std.parseInt("-12"), std.parseOctal("17"), std.parseHex("fF")]', [-12, 15, 255]],
    ['std.parseJson("{\\"a\\": [1, null, true]}")', { a: [1, null, true] }],
    ['std.parseYaml("a: 1\\nb: [x, yes, 1.5, null]\\nc: |\\n  t\\n")', { a: 1, b: ['x', true, 1.5, null], c: 't\n' }],
    ['std.parseYaml("a: 1\\n---\\nb: 2\\n")', [{ a: 1 }, { b: 2 }]],
    ['std.parseYaml("t: 12:30:45\\n")', { t: '12:30:45' }],
    ['std.parseYaml("a: &x {b: 1}\\nc: *x\\n")', { a: { b: 1 }, c: { b: 1 } }],
  ])
  checkErrors([
    ['std.parseInt("1.5")', 'RUNTIME ERROR: 1.5 is not a base 10 integer'],
    ['std.parseHex("")', 'RUNTIME ERROR: Not hexadecimal: ""'],
    ['std.parseOctal("8")', 'RUNTIME ERROR: 8 is not a base 8 integer'],
    ['std.parseJson("")', 'RUNTIME ERROR: failed to parse JSON: unexpected end of JSON input'],
    ['std.parseJson("b")', "RUNTIME ERROR: failed to parse JSON: invalid character 'b' looking for beginning of value"],
  ])
})

test('formatting as in Python', () => {
  checkValues([
    ['"%s %d %5.2f|%-4d|%04d|%+d|% d" % ["a", 3.9, 3.14159, 5, 5, 5, 5]', 'a 3  3.14|5   |0005|+5| 5'],
    [
      '"%x %#x %X %o %#o %e %E %g %G %c %c %%" % [255, 255, 255, 8, 8, 12345.678, 0.00012, 0.0001, 1e10, "x", 65]',
      'ff 0xff FF 10 010 1.234568e+04 1.200000E-04 0.0001 1E+10 x A %',
    ],
    ['"%(a)s-%(b)03d" % { a: [1], b: 7 }', '[1]-007'],
    ['"%*d|%.*f" % [5, 42, 1, 2.25]', '   42|2.3'],
    ['"%s" % "x" + "%d%%" % 5', 'x5%'],
    ['"%5s|%-5s|" % ["é", "😀"]', '    é|😀    |'],
  ])
  checkErrors([
    ['"%d" % "a"', 'RUNTIME ERROR: Format required number at 0, got string'],
    ['"%s %s" % ["a"]', 'RUNTIME ERROR: Not enough values to format: 1, expected more than 1'],
    ['"%s" % ["a", "b"]', 'RUNTIME ERROR: Too many values to format: 2, expected 1'],
    ['"%(a)s" % { b: 1 }', 'RUNTIME ERROR: No such field: a'],
    ['"%s" % { b: 1 }', 'RUNTIME ERROR: Mapping keys required.'],
    ['"%" % 1', 'RUNTIME ERROR: Truncated format code.'],
    ['"%y" % 1', 'RUNTIME ERROR: Unrecognised conversion type: y'],
  ])
})

test('manifesting', () => {
  checkValues([
    [
      'std.manifestJson({ a: [1, {}], b: "x" })',
      '{\n    "a": [\n        1,\n        {\n\n        }\n    ],\n    "b": "x"\n}',
    ],
    ['std.manifestJsonMinified({ a: [1, 1.42, 1e21, 1e-7] })', '{"a":[1,1.42,1000000000000000000000,0.0000001]}'],
    ['std.manifestJsonEx([1], " ", "\\r", "=")', '[\r 1\r]'],
    [
      'std.manifestYamlDoc({ a: [1, [2]], b: { c: "x\\ny\\n" }, d: [], e: "" })',
      '"a":\n- 1\n-\n  - 2\n"b":\n  "c": |\n    x\n    y\n"d": []\n"e": ""',
    ],
    ['std.manifestYamlDoc({ a: [1], yes: 2, "1": 3, x_y: 4 }, true, false)', '"1": 3\na:\n  - 1\nx_y: 4\n"yes": 2'],
    [
      '[std.manifestYamlStream([1, {}]), std.manifestYamlStream([1], c_document_end=false)]',
      ['---\n1\n---\n{}\n...\n', '---\n1\n'],
    ],
    [
      'std.manifestToml({ a: 1, s: { b: [1, 2], "c d": "x" }, t: [{ e: true }] })',
      'a = 1\n\n[s]\n  b = [\n    1,\n    2\n  ]\n  "c d" = "x"\n\n[[t]]\n  e = true',
    ],
    ['std.manifestTomlEx({ a: { b: {} } }, "")', '\n\n[a]\n\n\n[a.b]'],
    ['std.manifestIni({ main: { a: 1 }, sections: { s: { b: [1, "x"] } } })', 'a = 1\n[s]\nb = 1\nb = x\n'],
    [
      '[std.manifestPython({ a: [true, null, 1.5] }), std.manifestPythonVars({ x: "y" })]',
      ['{"a": [True, None, 1.5]}', 'x = "y"\n'],
    ],
    ['std.manifestXmlJsonml(["svg", { h: 1 }, ["p", "x"], "y"])', '<svg h="1"><p>x</p>y</svg>'],
  ])
  checkErrors([
    ['std.manifestYamlStream(1)', 'RUNTIME ERROR: manifestYamlStream only takes arrays, got number'],
    ['std.manifestToml({ a: null })', 'RUNTIME ERROR: Tried to manifest "null" at [a]'],
    ['std.manifestPython(std.id)', 'RUNTIME ERROR: cannot manifest function'],
    ['std.manifestJson({ a: [std.id] })', 'RUNTIME ERROR: tried to manifest function at [a 0]'],
  ])
})

test('every function of the library stands in a test of this folder', () => {
  const text = ['std.test.ts', 'language.test.ts', 'evaluate.test.ts']
    .map((file) => readFileSync(new URL(file, import.meta.url), 'utf8'))
    .join('\n')
  const missing = [...standardLibrary().builtins.keys()].filter((name) => !text.includes(`std.${name}`))
  expect(missing).toEqual([])
})

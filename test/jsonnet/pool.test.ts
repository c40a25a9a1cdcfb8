import { afterAll, expect, test } from 'vitest'
import { type Evaluation, JsonnetPool } from '../../src/jsonnet/index.ts'

const pool = new JsonnetPool({ memoryMb: 96 })
afterAll(() => pool.close())

function failureOf(result: Evaluation) {
  if (result.ok) throw new Error(`no failure: ${result.text.slice(0, 200)}`)
  return result.error
}

async function expectAlive(): Promise<void> {
  expect(await pool.evaluate('1 + 1')).toMatchObject({ ok: true, value: 2, text: '2\n' })
}

test('evaluates in a thread as it does in this one, positions included', async () => {
  const topLevelArguments = { ctx: { code: '{ branch: "main" }' } }
  const result = await pool.evaluate('function(ctx) {\n  b: ctx.branch,\n}', {
    fileName: 'c.jsonnet',
    topLevelArguments,
    positions: true,
  })
  expect(result).toMatchObject({ ok: true, value: { b: 'main' } })
  expect(result.ok && result.positionOf?.(['b'])).toEqual({ file: 'c.jsonnet', line: 2, column: 3 })
})

test('imports, native functions and traces are served by the host, however long it takes', async () => {
  const lines: string[] = []
  const result = await pool.evaluate(
    'local a = import "a.libsonnet"; std.trace("t", [a.b, importstr "t", importbin "t", std.native("twice")(21)])',
    {
      fileName: 'dir/main.jsonnet',
      trace: (line) => lines.push(line),
      importFile: async ({ importedFrom, path, kind }) => {
        await new Promise((resolve) => setImmediate(resolve))
        if (path === 'a.libsonnet') return { name: 'dir/a.libsonnet', content: '{ b: import "b" }' }
        return { name: path, content: kind === 'code' ? `"${importedFrom}"` : new Uint8Array([104, 105]) }
      },
      nativeFunctions: { twice: { parameters: ['x'], call: async (x) => Number(x) * 2 } },
    },
  )
  expect(result).toMatchObject({ ok: true, value: ['dir/a.libsonnet', 'hi', [104, 105], 42] })
  expect(lines).toEqual(['TRACE: dir/main.jsonnet:1 t'])
})

test('an import that the host refuses is an error of the program', async () => {
  const refusing = () => Promise.reject(new Error('outside of the tree'))
  const error = failureOf(await pool.evaluate('import "../x"', { importFile: refusing }))
  expect(error.firstLine).toBe('RUNTIME ERROR: couldn\'t open import "../x": outside of the tree')
  expect(failureOf(await pool.evaluate('import "x"')).firstLine).toContain('imports are not available here')
})

test('an endless loop ends at its time limit with a place', async () => {
  const source = 'local f(x) =\n  f(x + 1) tailstrict;\nf(0)'
  const error = failureOf(await pool.evaluate(source, { fileName: 'loop', limits: { timeMs: 100 } }))
  expect(error).toMatchObject({ kind: 'limit', message: 'evaluation took longer than 100 ms' })
  expect(error.position).toMatchObject({ file: 'loop', line: 2 })
  await expectAlive()
})

test('a call of a builtin that does not look at the clock is killed, and the next program gets a new thread', async () => {
  const source =
    'std.length(std.split(std.repeat("ab", 10000000), "b")) + std.length(std.sort(std.makeArray(8000000, function(i) -i)))'
  const error = failureOf(await pool.evaluate(source, { fileName: 'slow', limits: { timeMs: 20 } }))
  expect(error.kind).toBe('limit')
  expect(error.position?.file).toBe('slow')
  await expectAlive()
})

test('memory bombs end with an error, and the process goes on', async () => {
  const bombs = [
    'local f(n, acc) = f(n + 1, acc + [std.repeat("abc", 1000) + n]) tailstrict; f(0, [])',
    'std.foldl(function(a, i) local r = std.range(1, 4000000); assert std.length(r) > 0; [a, r], std.range(1, 1000), [])',
    'std.map(function(x) [x], std.makeArray(8000000, function(i) i))',
    '[x + y for x in std.range(1, 8000000) for y in std.range(1, 1000)]',
    `${['a', 'b', 'c', 'd', 'e', 'f', 'g', 'h'].reduce(
      (text, name, at, all) =>
        `${text}local ${name} = [${Array(10)
          .fill(at === 0 ? '1' : all[at - 1])
          .join(', ')}]; `,
      '',
    )}std.prune(h)`,
  ]
  for (const bomb of bombs) {
    const error = failureOf(await pool.evaluate(bomb, { limits: { timeMs: 10_000 } }))
    expect(['limit', 'runtime'], bomb).toContain(error.kind)
    expect(error.position, bomb).toBeDefined()
  }
  await expectAlive()
})

test('deep recursion and deep nesting end with an error or a value', async () => {
  const depth = 20_000
  expect(await pool.evaluate(`${'('.repeat(depth)}1${')'.repeat(depth)}`)).toMatchObject({ ok: true, value: 1 })
  expect(await pool.evaluate(`1${'+1'.repeat(depth)}`)).toMatchObject({ ok: true, value: depth + 1 })
  expect(await pool.evaluate(`${'-'.repeat(depth)}1`)).toMatchObject({ ok: true, value: 1 })
  expect(await pool.evaluate(`${'local x = 1; '.repeat(depth)}x`)).toMatchObject({ ok: true, value: 1 })
  for (const source of [`${'['.repeat(depth)}${']'.repeat(depth)}`, `${'{a:'.repeat(depth)}1${'}'.repeat(depth)}`]) {
    expect(failureOf(await pool.evaluate(source)).message).toBe('result nests deeper than 1000')
  }
  const recursion = failureOf(await pool.evaluate('local f(x) =\n  1 + f(x + 1);\nf(0)'))
  expect(recursion).toMatchObject({ firstLine: 'RUNTIME ERROR: max stack frames exceeded.', position: { line: 2 } })
})

test('long but legal programs work: folds, deep values, 400 frames', async () => {
  const values: [string, number | boolean][] = [
    ['std.foldl(function(a, b) a + b, std.range(1, 100000), 0)', 5000050000],
    ['std.length(std.foldl(function(a, b) [a], std.range(1, 100000), 0))', 1],
    ['local d() = std.foldl(function(a, b) [a], std.range(1, 50000), 0); d() == d()', true],
    ['std.length(std.foldl(function(a, b) a + { ["k%d" % b]: b }, std.range(1, 5000), {}))', 5000],
    ['std.foldl(function(a, b) a + { k+: 1 }, std.range(1, 5000), { k: 0 }).k', 5000],
    ['local f(n) = if n == 0 then 0 else 1 + f(n - 1); f(240)', 240],
    ['local f(n, a) = if n == 0 then a else f(n - 1, a + 1) tailstrict; f(200000, 0)', 200000],
  ]
  for (const [source, value] of values) expect(await pool.evaluate(source), source).toMatchObject({ ok: true, value })
})

test('programs wait for their turn and each gets its own result', async () => {
  const results = await Promise.all([1, 2, 3, 4].map((n) => pool.evaluate(`${n} * 2`)))
  expect(results.map((result) => result.ok && result.value)).toEqual([2, 4, 6, 8])
})

test('aborting rejects with the reason of the signal', async () => {
  const controller = new AbortController()
  const running = pool.evaluate('local f(x) = f(x) tailstrict; (import "x") + f(0)', {
    signal: controller.signal,
    importFile: () => {
      controller.abort(new Error('changed my mind'))
      return { name: 'x', content: '1' }
    },
  })
  await expect(running).rejects.toThrow('changed my mind')
  await expectAlive()
})

test('a closed pool refuses', async () => {
  const own = new JsonnetPool()
  await own.close()
  await expect(own.evaluate('1')).rejects.toThrow('the pool is closed')
})

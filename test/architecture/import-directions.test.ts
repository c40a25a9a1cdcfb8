import { readdirSync, readFileSync } from 'node:fs'
import { dirname, join, normalize, relative } from 'node:path'
import { expect, test } from 'vitest'

/** Who may import whom (ARCHITECTURE.md, layers). A module is a folder or file below `src`; the longest match names it. */
const allowed: Record<string, string[]> = {
  jsonnet: [],
  'engine/model': [],
  'engine/ports': ['engine/model'],
  'engine/std': ['engine/model', 'engine/ports'],
  'engine/decide': ['engine/model'],
  'engine/config': ['engine/model', 'jsonnet'],
  'engine/compile': ['engine/model', 'engine/config'],
  'engine/datamanager': ['engine/model', 'engine/ports', 'engine/std'],
  'engine/runservice': [
    'engine/model',
    'engine/ports',
    'engine/std',
    'engine/decide',
    'engine/compile',
    'engine/datamanager',
  ],
  'engine/scheduler': ['engine/model', 'engine/ports', 'engine/std', 'engine/decide'],
  'engine/executor': ['engine/model', 'engine/ports', 'engine/std'],
  'engine/snapshot': ['engine/model', 'engine/ports', 'engine/std'],
  'engine/local': ['engine/model', 'engine/ports', 'engine/std'],
  'engine/adapters/*': ['engine/model', 'engine/ports', 'engine/std'],
  'engine/remote/*': ['engine/model', 'engine/ports', 'engine/std'],
  'engine/composition': ['engine', 'jsonnet'],
  views: ['engine/model'],
  cli: [
    'engine/composition',
    'engine/ports',
    'engine/model',
    'engine/std',
    'engine/config',
    'engine/remote/*',
    'views',
  ],
  commands: ['cli', 'engine/composition', 'engine/ports', 'engine/model', 'engine/remote/*', 'views'],
  entry: ['commands', 'cli'],
}

const source = 'src'
const files = readdirSync(source, { recursive: true, encoding: 'utf8' })
  .filter((file) => /\.tsx?$/.test(file))
  .map((file) => file.replaceAll('\\', '/'))

/** `src/engine/embedded.ts` and `src/engine/server.ts` are the composition roots; files directly in `src` start the program. */
function moduleOf(file: string): string {
  if (/^engine\/[^/]+\.ts$/.test(file)) return 'engine/composition'
  if (!file.includes('/')) return 'entry'
  const parts = file.split('/')
  if (parts[0] !== 'engine') return parts[0] ?? ''
  if (parts[1] !== 'adapters' && parts[1] !== 'remote') return `engine/${parts[1]}`
  return parts.length === 3
    ? `engine/${parts[1]}/${(parts[2] ?? '').replace(/\.ts$/, '')}`
    : `engine/${parts[1]}/${parts[2]}`
}

function ruleOf(module: string): string[] | undefined {
  return allowed[module] ?? allowed[module.replace(/\/[^/]+$/, '/*')]
}

function importsOf(file: string): string[] {
  const text = readFileSync(join(source, file), 'utf8')
  const found = text.matchAll(/(?:from|import)\s*\(?\s*['"](\.[^'"]+)['"]/g)
  return [...found].map((match) =>
    relative(source, normalize(join(source, dirname(file), match[1] ?? ''))).replaceAll('\\', '/'),
  )
}

function mayImport(from: string, to: string): boolean {
  if (from === to) return true
  const rule = ruleOf(from)
  if (rule === undefined) return false
  return rule.some(
    (target) =>
      target === to ||
      (target === 'engine' && to.startsWith('engine/')) ||
      (target.endsWith('/*') && to.startsWith(target.slice(0, -1))),
  )
}

test('every module imports only what its layer may know', () => {
  const wrong: string[] = []
  for (const file of files) {
    const from = moduleOf(file)
    if (ruleOf(from) === undefined) wrong.push(`${file}: module ${from} has no rule`)
    for (const target of importsOf(file)) {
      if (target.startsWith('..') || mayImport(from, moduleOf(target))) continue
      wrong.push(`${file} imports ${target}: ${from} may not know ${moduleOf(target)}`)
    }
  }
  expect(wrong).toEqual([])
})

test('no file takes part in an import cycle, types included', () => {
  const graph = new Map(files.map((file) => [file, importsOf(file).filter((target) => files.includes(target))]))
  const state = new Map<string, 'open' | 'done'>()
  const cycles: string[] = []
  const visit = (file: string, path: string[]): void => {
    if (state.get(file) === 'done') return
    if (state.get(file) === 'open') {
      cycles.push([...path.slice(path.indexOf(file)), file].join(' → '))
      return
    }
    state.set(file, 'open')
    for (const target of graph.get(file) ?? []) visit(target, [...path, file])
    state.set(file, 'done')
  }
  for (const file of files) visit(file, [])
  expect(cycles).toEqual([])
})

test('time and chance come from ports: only the system adapter asks the machine', () => {
  const asks = /\bDate\.now\(|\bMath\.random\(|\bnew Date\(\)/
  const guilty = files
    .filter(
      (file) => file.startsWith('engine/') && !file.startsWith('engine/adapters/') && !file.startsWith('engine/local/'),
    )
    .filter((file) => asks.test(readFileSync(join(source, file), 'utf8')))
  expect(guilty).toEqual([])
})

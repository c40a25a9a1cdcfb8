// Bundles the program into dist/: one entry, one file a worker, and chunks that commands load when they need them.
import { execFileSync } from 'node:child_process'
import { existsSync, mkdirSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import { isBuiltin } from 'node:module'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { rolldown } from 'rolldown'

const root = fileURLToPath(new URL('..', import.meta.url))
process.chdir(root)

/** Each runs in a thread of its own and is found beside the bundle under this name. */
const workers = {
  'jsonnet-worker': 'src/jsonnet/worker.ts',
  'sqlite-worker': 'src/engine/adapters/kv/sqlite-worker.ts',
}

/** What these files need is one chunk each: every file of its own costs a third of a millisecond, and a run would load eighty. What several
 *  of them need is in the first. */
const chunks = {
  'command-line': ['src/cli/command-line.ts', 'src/cli/agola-command.ts', 'src/commands.ts'],
  config: ['src/engine/compile-snapshot.ts'],
  run: ['src/cli/direct-run.ts', 'src/engine/direct-run.ts'],
  engine: ['src/engine/embedded.ts', 'src/engine/adapters/drivers/docker/driver.ts'],
}

// Libraries that others ask for at once and need rarely: they load when first used. Those of `external` come from node_modules then.
const rarelyUsed = {
  external: ['@grpc/grpc-js', '@grpc/proto-loader'],
  bundled: ['semver', 'ejs', 'minimatch', 'tinyglobby', 'cli-spinners', 'wrap-ansi'],
}
/** The same for parts of a library, by the file that asks for them. */
const rarelyUsedParts = {
  '@oclif/core/lib/command.js': ['./config'],
  '@oclif/core/lib/errors/handle.js': ['../help/index'],
  '@oclif/core/lib/flags.js': ['./help'],
  '@oclif/core/lib/performance.js': ['node:perf_hooks'],
  '@oclif/core/lib/parser/parse.js': ['node:readline'],
}
/** Stands for a module with the code given, which takes the place of the one asked for. */
const standIn = '\0stand-in:'
const lazyRequire = {
  name: 'lazy-require',
  async resolveId(path, importer = '', { kind }) {
    if (importer.startsWith(standIn)) return await this.resolve(path, originOf(importer).importer, { kind })
    if (kind === 'require-call' && (path === 'debug' || isRarelyUsed(path, importer)))
      return `${standIn}${JSON.stringify({ path, importer })}`
    return undefined
  },
  load(id) {
    if (!id.startsWith(standIn)) return undefined
    const { path } = originOf(id)
    return { code: path === 'debug' ? quietDebug : lazyModule(path), moduleType: 'js' }
  },
}

function originOf(id) {
  return JSON.parse(id.slice(standIn.length))
}

function isRarelyUsed(path, importer) {
  const parts = Object.entries(rarelyUsedParts).find(([file]) => importer.endsWith(file))?.[1] ?? []
  return [...rarelyUsed.external, ...rarelyUsed.bundled, ...parts].includes(path)
}

function lazyModule(path) {
  return `const load = () => require(${JSON.stringify(path)})
module.exports = new Proxy(function () {}, {
  get: (_, name) => (name === '__esModule' ? undefined : load()[name]),
  apply: (_, self, words) => load().apply(self, words),
})`
}

/** What the command line library would say about itself is loaded when somebody asks for it. */
const quietDebug = `const quiet = Object.assign(() => undefined, { enabled: false })
module.exports = (name) => (process.env.DEBUG ? require('debug')(name) : quiet)`

/** A module of Node's own that is imported by an `import` statement is asked for all that it could give, which loads what hardly anybody
 *  needs: an HTTP client, web cryptography, reports. Taken as a plain object it is asked for what is used. */
function withPlainBuiltins(code) {
  const statement = /(?<=^|[;}\n])import(?: ([\w$]+),?)?(\{[^}]*\}|\*as [\w$]+)? ?from ?"((?:node:)?[a-z0-9_/]+)";/g
  return code.replace(statement, (whole, fallback, names, name) => {
    if (!isBuiltin(name)) return whole
    const taken = `globalThis.process.getBuiltinModule("${name}")`
    const all = names?.startsWith('*as ') ? names.slice(4) : fallback
    const object = names?.startsWith('{') ? `const${names.replaceAll(' as ', ':')}=${taken};` : ''
    return `${all === undefined ? '' : `const ${all}=${taken};`}${object}`
  })
}

/** Our own files are loaded whole (src/loading.ts). */
function withWholeLoading(code) {
  const wrapped = code.replace(/\bimport\(`\.\/[\w$-]+\.js`\)/g, (loading) => `$loadWhole(()=>${loading})`)
  return wrapped === code ? code : `import{loadWhole as $loadWhole}from"./main.js";${wrapped}`
}

const bundle = await rolldown({
  input: { main: 'src/main.ts', 'all-commands': 'src/all-commands.ts', ...workers },
  platform: 'node',
  external: [/\.node$/, 'typescript', ...rarelyUsed.external],
  resolve: { alias: { 'react-devtools-core': join(root, 'scripts/empty-module.js') } },
  transform: { target: 'node24', define: { 'process.env.NODE_ENV': '"production"' } },
  // One process loads much less of some modules than others do: that one is never in a chunk of its own is no mistake.
  checks: { ineffectiveDynamicImport: false },
  plugins: [lazyRequire],
})
const { output } = await bundle.generate({
  format: 'esm',
  entryFileNames: '[name].js',
  chunkFileNames: '[name]-[hash].js',
  // Names stay as they are: keeping them beside shorter ones costs a call for every function while the program loads.
  minify: { mangle: false, compress: true, codegen: { removeWhitespace: true } },
  codeSplitting: {
    groups: Object.entries(chunks).map(([name, files], index) => ({
      name,
      test: (id) => files.some((file) => id === join(root, file)),
      priority: Object.keys(chunks).length - index,
    })),
  },
})
await bundle.close()

/** Made aside and moved into place whole, so that a program that starts meanwhile finds the old one or the new one. */
const directory = `dist.${process.pid}`
mkdirSync(directory)
for (const { fileName, code } of output)
  writeFileSync(join(directory, fileName), withWholeLoading(withPlainBuiltins(code)))
writeFileSync(join(directory, 'package.json'), '{ "type": "module" }\n')
if (existsSync('dist')) renameSync('dist', `${directory}.old`)
renameSync(directory, 'dist')
rmSync(`${directory}.old`, { recursive: true, force: true })
// The manifest spares oclif reading every command at start.
execFileSync(process.execPath, ['scripts/manifest.js'], { stdio: 'inherit' })

// Bundles the program into dist/: one entry, one file a worker, and chunks that commands load when they need them.
import { execFileSync } from 'node:child_process'
import { existsSync, mkdirSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import { isBuiltin } from 'node:module'
import { fileURLToPath } from 'node:url'
import { build } from 'esbuild'

const root = fileURLToPath(new URL('..', import.meta.url))
process.chdir(root)
/** Made aside and moved into place whole, so that a program that starts meanwhile finds the old one or the new one. */
const output = `dist.${process.pid}`
mkdirSync(output)

/** Each runs in a thread of its own and is found beside the bundle under this name. */
const workers = {
  'jsonnet-worker': 'src/jsonnet/worker.ts',
  'sqlite-worker': 'src/engine/adapters/kv/sqlite-worker.ts',
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
  '@oclif/core/lib/parser/parse.js': ['node:readline'],
}
const lazyRequire = {
  name: 'lazy-require',
  setup(pluginBuild) {
    const names = [...rarelyUsed.external, ...rarelyUsed.bundled]
    const isPart = (path, importer) =>
      Object.entries(rarelyUsedParts).some(([file, parts]) => importer.endsWith(file) && parts.includes(path))
    pluginBuild.onResolve({ filter: /./ }, ({ path, kind, namespace, resolveDir, importer }) => {
      if (!names.includes(path) && !isPart(path, importer)) return undefined
      if (kind === 'require-call' && namespace !== 'lazy-require')
        return { path: `${path} of ${resolveDir}`, namespace: 'lazy-require', pluginData: { path, resolveDir } }
      return rarelyUsed.external.includes(path) ? { path, external: true } : undefined
    })
    pluginBuild.onLoad({ filter: /.*/, namespace: 'lazy-require' }, ({ pluginData: { path, resolveDir } }) => ({
      contents: `const load = () => require(${JSON.stringify(path)})
module.exports = new Proxy(function () {}, {
  get: (_, name) => (name === '__esModule' ? undefined : load()[name]),
  apply: (_, self, words) => load().apply(self, words),
})`,
      loader: 'js',
      resolveDir,
    }))
  },
}

// What the command line library would say about itself is loaded when somebody asks for it.
const quietDebug = {
  name: 'quiet-debug',
  setup(pluginBuild) {
    pluginBuild.onResolve({ filter: /^debug$/ }, ({ namespace, resolveDir }) =>
      namespace === 'quiet-debug' ? undefined : { path: 'debug', namespace: 'quiet-debug', pluginData: resolveDir },
    )
    pluginBuild.onLoad({ filter: /.*/, namespace: 'quiet-debug' }, ({ pluginData }) => ({
      contents: `const quiet = Object.assign(() => undefined, { enabled: false })
module.exports = (name) => (process.env.DEBUG ? require('debug')(name) : quiet)`,
      loader: 'js',
      resolveDir: pluginData,
    }))
  },
}

// A module of Node's own that is imported by an `import` statement is asked for all that it could give, which loads what hardly anybody
// needs: an HTTP client, web cryptography, reports. Taken as a plain object it is asked for what is used.
const plainBuiltins = {
  name: 'plain-builtins',
  setup(pluginBuild) {
    const statement = /(?<=^|[;}\n])import(?: ([\w$]+),?)?(\{[^}]*\}|\*as [\w$]+)? ?from"((?:node:)?[a-z_/]+)";/g
    pluginBuild.onEnd(({ outputFiles }) => {
      for (const file of outputFiles) {
        const code = file.text.replace(statement, (whole, fallback, names, name) => {
          if (!isBuiltin(name)) return whole
          const taken = `globalThis.process.getBuiltinModule("${name}")`
          const all = names?.startsWith('*as ') ? names.slice(4) : fallback
          const object = names?.startsWith('{') ? `const${names.replaceAll(' as ', ':')}=${taken};` : ''
          return `${all === undefined ? '' : `const ${all}=${taken};`}${object}`
        })
        writeFileSync(file.path, code === file.text ? file.contents : code)
      }
    })
  },
}

// A CommonJS package that is imported when it is needed gets a chunk that has nothing but a default: name what it exports.
const namedExports = {
  name: 'named-exports',
  setup(pluginBuild) {
    pluginBuild.onResolve({ filter: /^[@a-z]/ }, ({ path, kind, resolveDir }) =>
      kind === 'dynamic-import' && !isBuiltin(path)
        ? { path, namespace: 'named-exports', pluginData: resolveDir }
        : undefined,
    )
    pluginBuild.onLoad({ filter: /.*/, namespace: 'named-exports' }, async ({ path, pluginData }) => {
      const names = Object.keys(await import(path)).filter((name) => name !== 'module.exports')
      return {
        contents: `export { ${names.join(', ')} } from ${JSON.stringify(path)}`,
        loader: 'js',
        resolveDir: pluginData,
      }
    })
  },
}

const result = await build({
  entryPoints: {
    main: 'src/main.ts',
    'all-commands': 'src/all-commands.ts',
    ...Object.fromEntries(Object.entries(workers).filter(([, source]) => existsSync(source))),
  },
  outdir: output,
  bundle: true,
  splitting: true,
  format: 'esm',
  platform: 'node',
  target: 'node24',
  // Names stay as they are: keeping them beside shorter ones costs a call for every function while the program loads.
  minifyWhitespace: true,
  minifySyntax: true,
  legalComments: 'linked',
  metafile: true,
  write: false,
  logLevel: 'warning',
  define: { 'process.env.NODE_ENV': '"production"' },
  alias: { 'react-devtools-core': './scripts/empty-module.js' },
  external: ['*.node', 'typescript'],
  plugins: [namedExports, quietDebug, lazyRequire, plainBuiltins],
  banner: {
    js: "const require=globalThis.process.getBuiltinModule('module').createRequire(import.meta.url),__filename=import.meta.filename,__dirname=import.meta.dirname;",
  },
})
writeFileSync(`${output}/package.json`, '{ "type": "module" }\n')
if (process.argv.includes('--metafile')) writeFileSync(`${output}/metafile.json`, JSON.stringify(result.metafile))
if (existsSync('dist')) renameSync('dist', `${output}.old`)
renameSync(output, 'dist')
rmSync(`${output}.old`, { recursive: true, force: true })
// The manifest spares oclif reading every command at start.
execFileSync(process.execPath, ['scripts/manifest.js'], { stdio: 'inherit' })

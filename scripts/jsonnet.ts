import { existsSync, readFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { parseArgs } from 'node:util'
import {
  type Binding,
  type Evaluation,
  type ImportedFile,
  type ImportRequest,
  JsonnetPool,
  type PoolOptions,
  presentError,
} from '../src/jsonnet/index.ts'
import { testNatives } from './jsonnet-natives.ts'

/** Evaluates Jsonnet files: prints the JSON and ends with 0, or the error on stderr and ends with 1.
 *  With --batch, one line of JSON a file: `{file, ok, value}` or `{file, ok, error}`, and 0 in either case. */

const usage = `usage: npm run --silent jsonnet -- FILE… [--ext-str K=V] [--ext-code K=V] [--tla-str K=V] [--tla-code K=V]
                                        [-J DIR] [--batch] [--timeout-ms N] [--memory-mb N]`

const { positionals: files, values: flags } = parseFlags()
if (files.length === 0) stop(usage)

// npm starts scripts in the package's directory; paths are meant relative to where npm was called.
if (process.env.npm_lifecycle_event === 'jsonnet' && process.env.INIT_CWD !== undefined) {
  process.chdir(process.env.INIT_CWD)
}

const options: PoolOptions = {
  externalVariables: bindings(flags['ext-str'], flags['ext-code']),
  topLevelArguments: bindings(flags['tla-str'], flags['tla-code']),
  importFile,
  nativeFunctions: testNatives,
  trace: (line) => process.stderr.write(`${line}\n`),
  limits: { timeMs: Number(flags['timeout-ms']), outputBytes: 256 * 1024 * 1024, outputDepth: 10_000 },
}

const pool = new JsonnetPool({ memoryMb: Number(flags['memory-mb']) })
for (const file of files) {
  const result = await evaluateFile(file)
  if (flags.batch) console.log(JSON.stringify(line(file, result)))
  else if (result.ok) process.stdout.write(result.text)
  else {
    console.error(presentError(result.error))
    process.exitCode = 1
  }
}
await pool.close()

function parseFlags() {
  try {
    return parseArgs({
      allowPositionals: true,
      options: {
        'ext-str': { type: 'string', multiple: true, default: [] },
        'ext-code': { type: 'string', multiple: true, default: [] },
        'tla-str': { type: 'string', multiple: true, default: [] },
        'tla-code': { type: 'string', multiple: true, default: [] },
        jpath: { type: 'string', short: 'J', multiple: true, default: [] },
        batch: { type: 'boolean', default: false },
        'timeout-ms': { type: 'string', default: '30000' },
        'memory-mb': { type: 'string', default: '512' },
      },
    })
  } catch (error) {
    return stop(`${error instanceof Error ? error.message : String(error)}\n${usage}`)
  }
}

function stop(message: string): never {
  console.error(message)
  process.exit(2)
}

async function evaluateFile(file: string): Promise<Evaluation> {
  let source: string
  try {
    source = readFileSync(file, 'utf8')
  } catch (error) {
    const message = error instanceof Error ? error.message : String(error)
    return { ok: false, error: { kind: 'static', message, firstLine: message, trace: [], elided: 0 } }
  }
  return pool.evaluate(source, { ...options, fileName: file })
}

function line(file: string, result: Evaluation): object {
  return result.ok ? { file, ok: true, value: result.value } : { file, ok: false, error: presentError(result.error) }
}

function bindings(texts: readonly string[], codes: readonly string[]): Record<string, Binding> {
  const all: Record<string, Binding> = {}
  for (const [name, text] of texts.map(parts)) all[name] = { text }
  for (const [name, code] of codes.map(parts)) all[name] = { code }
  return all
}

/** `K=V`; a bare K takes its value from the environment. */
function parts(given: string): [string, string] {
  const at = given.indexOf('=')
  if (at >= 0) return [given.slice(0, at), given.slice(at + 1)]
  return [given, process.env[given] ?? stop(`${given} has no value and is not in the environment`)]
}

/** Relative to the importing file first, then in each library directory, the last one given first. */
function importFile({ importedFrom, path }: ImportRequest): ImportedFile {
  const directories = [dirname(importedFrom), ...flags.jpath.toReversed()]
  const names = path.startsWith('/') ? [path] : directories.map((directory) => join(directory, path))
  const name = names.find((candidate) => existsSync(candidate))
  if (name === undefined) throw new Error('no match locally or in the Jsonnet library paths')
  return { name, content: readFileSync(name) }
}

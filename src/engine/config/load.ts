import { AgolaError } from '../model/errors.ts'
import { decodeText } from './decode-text.ts'
import { exactValue } from './exact-value.ts'
import { configBefore, findConfig, findNamedConfig } from './find-config.ts'
import type { ConfigTree, LoadConfigOptions, LoadedConfig } from './loaded-config.ts'
import { type ParsedConfig, parseConfig } from './parse-config.ts'
import type { ConfigProblem } from './problem.ts'
import { countErrors, cutProblems, sortProblems } from './problem-list.ts'
import { fileProblem, type ReadResult } from './read-result.ts'

/** 1 MiB (spec/config.md 2). */
export const configBytesMax = 1024 * 1024

/** Finds the config of a tree, or takes the one that is named, reads it and checks it. `configNotFound`; everything else that is wrong
 *  comes back in `problems`. */
export async function loadConfig(tree: ConfigTree, options: LoadConfigOptions): Promise<LoadedConfig> {
  const named = options.file
  const { file, bytes } = await (named === undefined ? findConfig(tree) : findNamedConfig(tree, named))
  const unread = named === undefined ? [] : await notReadByRuns(tree, named)
  const texts: Record<string, string> = {}
  const { source, problems } = await read(tree, file, bytes, texts, options)
  const parsed = source === null ? nothingParsed : await parseConfig(source, { strict: options.strict ?? false })
  const isRefused = countErrors(problems) > 0
  const all = sortProblems([...unread, ...problems, ...parsed.problems], file)
  const kept = cutProblems(all)
  return {
    file,
    texts,
    // Only `config render` wants it.
    get value() {
      return source === null ? undefined : exactValue(source)
    },
    config: isRefused ? null : parsed.config,
    problems: kept,
    moreProblems: parsed.moreProblems + all.length - kept.length,
    moreErrors: parsed.moreErrors + countErrors(all) - countErrors(kept),
  }
}

const nothingParsed: ParsedConfig = { config: null, problems: [], moreProblems: 0, moreErrors: 0 }

async function notReadByRuns(tree: ConfigTree, file: string): Promise<ConfigProblem[]> {
  const before = await configBefore(tree, file)
  if (before === null) return []
  const hint = `remove ${before} where ${file} is the config`
  return [fileProblem(file, 'file_not_read', `runs read ${before} instead`, null, { severity: 'warning', hint })]
}

async function read(
  tree: ConfigTree,
  file: string,
  bytes: Uint8Array,
  texts: Record<string, string>,
  options: LoadConfigOptions,
): Promise<ReadResult> {
  const bytesMax = options.bytesMax ?? configBytesMax
  const isJsonnet = file.endsWith('.jsonnet')
  if (!isJsonnet && bytes.length > bytesMax) {
    const message = `the config has ${bytes.length} bytes; at most ${bytesMax} are allowed`
    return { source: null, problems: [fileProblem(file, 'file_too_large', message, null)] }
  }
  const text = decodeText(bytes)
  if (text === null) {
    return { source: null, problems: [fileProblem(file, 'file_bad_encoding', 'the file is not UTF-8 text', null)] }
  }
  texts[file] = text
  if (!isJsonnet) return readPlain(file, text)
  const { readJsonnet } = await import('./jsonnet.ts')
  const { context, signal } = options
  const evaluator = await jsonnetEvaluator(options)
  return readJsonnet(file, text, {
    evaluator,
    tree,
    context,
    bytesMax,
    texts,
    ...(signal === undefined ? {} : { signal }),
  })
}

// The parsers are loaded by the format that needs them: each costs as much as all other work on a small config.
async function readPlain(file: string, text: string): Promise<ReadResult> {
  if (file.endsWith('.json')) return (await import('./json.ts')).readJson(file, text)
  return (await import('./yaml.ts')).readYaml(file, text)
}

async function jsonnetEvaluator({ jsonnet }: LoadConfigOptions) {
  if (jsonnet === undefined) throw new AgolaError('assertionFailed', 'a Jsonnet config needs an evaluator')
  return jsonnet()
}

/** The config, or `configInvalid` with all problems as text and in `details`. */
export async function requireConfig(loaded: LoadedConfig) {
  if (loaded.config !== null) return loaded.config
  const { formatProblems } = await import('./format-problems.ts')
  throw new AgolaError('configInvalid', formatProblems(loaded), { details: { problems: loaded.problems } })
}

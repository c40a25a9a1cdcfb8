import type {
  EvaluatedValue,
  ImportedFile,
  ImportRequest,
  JsonnetError,
  SourcePosition,
} from '../../jsonnet/evaluation.ts'
import { decodeText } from './decode-text.ts'
import type { DocumentPosition, DocumentSource } from './document-source.ts'
import type { ConfigTree, JsonnetEvaluator } from './loaded-config.ts'
import type { ConfigProblem } from './problem.ts'
import { fileProblem, type ReadResult } from './read-result.ts'
import type { SourceContext } from './source-context.ts'
import { TextLines } from './text-lines.ts'
import { readTreeFile, resolveImport } from './tree-path.ts'

export interface JsonnetOptions {
  evaluator: JsonnetEvaluator
  tree: ConfigTree
  context: SourceContext
  /** Of the JSON text that comes out. */
  bytesMax: number
  /** Texts of all files that were read, by name: imports are added. */
  texts: Record<string, string>
  signal?: AbortSignal
}

const importBytesMax = 16 * 1024 * 1024

/** Evaluates a Jsonnet program with `ctx`; imports are files of the tree (spec/config.md 3). */
export async function readJsonnet(file: string, text: string, options: JsonnetOptions): Promise<ReadResult> {
  const places = new Places(options.texts)
  const evaluation = await options.evaluator.evaluate(text, {
    fileName: file,
    topLevelArguments: { ctx: { code: JSON.stringify(contextValue(options.context)) } },
    importFile: (request) => importFile(request, options),
    positions: true,
    // The exact size is compared below; this one stops a program that writes without end.
    limits: { outputBytes: 16 * options.bytesMax },
    ...(options.signal === undefined ? {} : { signal: options.signal }),
  })
  if (!evaluation.ok) return { source: null, problems: [failure(file, evaluation.error, places)] }
  const bytes = Buffer.byteLength(evaluation.text)
  if (bytes > options.bytesMax) {
    const message = `the config evaluates to ${bytes} bytes of JSON; at most ${options.bytesMax} are allowed`
    return { source: null, problems: [fileProblem(file, 'file_too_large', message, null)] }
  }
  return { source: jsonnetSource(file, evaluation, places), problems: [] }
}

/** What the program gets as `ctx`: all six are always there. */
function contextValue(context: SourceContext): Record<string, string> {
  return {
    ref_type: context.refType,
    ref: context.ref,
    branch: context.branch,
    tag: context.tag,
    pull_request_id: context.pullRequestId,
    commit_sha: context.commitSha,
  }
}

async function importFile(request: ImportRequest, { tree, texts }: JsonnetOptions): Promise<ImportedFile> {
  const found = await readTreeFile(tree, resolveImport(request.importedFrom, request.path))
  if (found === null) throw new Error('there is no such file in the repository')
  if (found.bytes.length > importBytesMax) throw new Error(`the file has more than ${importBytesMax} bytes`)
  if (request.kind === 'bytes') return { name: found.path, content: found.bytes }
  const text = decodeText(found.bytes)
  if (text === null) throw new Error('the file is not UTF-8 text')
  texts[found.path] = text
  return { name: found.path, content: text }
}

/** Turns the evaluator's columns, which count bytes, into columns of characters. */
class Places {
  readonly #texts: Record<string, string>
  readonly #lines = new Map<string, TextLines>()

  constructor(texts: Record<string, string>) {
    this.#texts = texts
  }

  /** null for what is no file, as the code that `ctx` is given by. */
  inFile(position: SourcePosition): DocumentPosition | null {
    return Object.hasOwn(this.#texts, position.file) ? this.characters(position) : null
  }

  characters({ file, line, column }: SourcePosition): DocumentPosition {
    const text = Object.hasOwn(this.#texts, file) ? this.#texts[file] : undefined
    if (text === undefined) return { file, line, column }
    const lines = this.#lines.get(file) ?? new TextLines(text)
    this.#lines.set(file, lines)
    return { file, line, column: lines.characterColumn(line, column) }
  }
}

function jsonnetSource(file: string, evaluation: EvaluatedValue, places: Places): DocumentSource {
  return {
    file,
    value: evaluation.value,
    positionOf(path) {
      const position = evaluation.positionOf?.(path)
      return position === undefined ? null : places.inFile(position)
    },
    writtenAt: () => null,
  }
}

function failure(file: string, error: JsonnetError, places: Places): ConfigProblem {
  const position = error.position === undefined ? null : places.inFile(error.position)
  const frames = error.trace.map((frame) => {
    const at = places.characters(frame)
    return `during ${frame.context === '' ? 'evaluation' : frame.context} at ${at.file}:${at.line}:${at.column}`
  })
  return {
    severity: 'error',
    code: error.kind === 'limit' ? 'evaluation_limit' : 'evaluation_failed',
    message: error.message,
    file: position?.file ?? file,
    line: position?.line ?? null,
    column: position?.column ?? null,
    path: '',
    found: null,
    hint: error.hint ?? null,
    ...(frames.length === 0 ? {} : { notes: frames }),
  }
}
